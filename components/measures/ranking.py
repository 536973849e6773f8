"""How well scores put fakes above reals, whatever the threshold. Only the order of the scores counts.

All functions take `labels` (`[N]`, 0 real, 1 fake) and `scores` (float `[N]`, finite, higher for fake). They give a
number in [0, 1], or None when a class is missing, and raise `ValueError` for shapes that differ, other labels, and
scores that are not finite. Optional `weights` (int `[N]`) say how often each image counts; with several rows of them
(`[R, N]`), as the bootstrap draws, the answer is float64 `[R]`, NaN where undefined.
"""

import numpy as np

from components.measures.tally import answer, ratio, tally


def roc_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """Area under the ROC curve: how often a fake has the higher score of a fake and a real; a tie counts half.

    Counted in whole numbers, so scores however close together are told apart.
    """
    counted = tally(labels, scores, weights)
    fake, real = counted.fakes.sum(-1), counted.reals.sum(-1)
    lower_reals = real[..., None] - np.cumsum(counted.reals, -1)
    twice = (counted.fakes * (2 * lower_reals + counted.reals)).sum(-1)
    return answer(ratio(twice, 2 * fake * real))


def average_precision(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None
) -> float | None:
    """Precision of fake, averaged over the steps of recall: sum of (R[n] - R[n-1]) P[n], without interpolation."""
    counted = tally(labels, scores, weights)
    fake, real = counted.fakes.sum(-1), counted.reals.sum(-1)
    true_fakes = np.cumsum(counted.fakes, -1)
    called_fake = true_fakes + np.cumsum(counted.reals, -1)
    # Above the highest score that has a weight nothing is called fake; there recall does not rise either.
    precision = true_fakes / np.maximum(called_fake, 1)
    return answer(ratio((counted.fakes * precision).sum(-1), np.where(real > 0, fake, 0)))


def equal_error_rate(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None
) -> float | None:
    """Where the ROC curve, its points joined by straight lines, has false positive rate = false negative rate."""
    false_positive_rate, recall = _roc(labels, scores, weights)
    # From 0 to 2 along the curve; false positive rate = 1 - recall where it is 1.
    both = false_positive_rate + recall
    after = np.argmax(both >= 1, -1)[..., None]
    before = np.maximum(after - 1, 0)
    (low, both_low), (high, both_high) = (
        (np.take_along_axis(false_positive_rate, at, -1), np.take_along_axis(both, at, -1))
        for at in (before, after)
    )
    return answer((low + ratio(1 - both_low, both_high - both_low) * (high - low))[..., 0])


def recall_at_fpr(
    labels: np.ndarray, scores: np.ndarray, rate: float, weights: np.ndarray | None = None
) -> float | None:
    """The highest recall of fake that some threshold reaches with a false positive rate of at most `rate`.

    Args:
        labels, scores, weights: see the top of the file.
        rate: in [0, 1], such as 0.01. With fewer than 1 / rate reals, no real at all may be taken for a fake.
    """
    false_positive_rate, recall = _roc(labels, scores, weights)
    # NaN, a missing class, is not above the rate, and stays.
    return answer(np.where(false_positive_rate > rate, 0.0, recall + 0 * false_positive_rate).max(-1))


def _roc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """False positive rate and recall, float64 `[..., K + 1]`, rising from 0 to 1; NaN where the class is missing."""
    counted = tally(labels, scores, weights)
    return tuple(
        ratio(
            np.concatenate([np.zeros((*count.shape[:-1], 1)), np.cumsum(count, -1)], -1),
            count.sum(-1)[..., None],
        )
        for count in (counted.reals, counted.fakes)
    )
