"""How far scores can be taken at their word, as probabilities of fake.

All functions take `labels` (`[N]`, 0 real, 1 fake) and `scores` (float `[N]` in [0, 1]). They give None when there is
no image, and raise `ValueError` for shapes that differ, other labels, and scores outside [0, 1]. One class alone is
enough. Optional `weights` are those of `components.measures.ranking`.
"""

import dataclasses

import numpy as np

from components.measures.tally import Tally, answer, ratio, tally


@dataclasses.dataclass(frozen=True)
class ReliabilityBin:
    """Images whose scores lie close together.

    Attributes:
        low, high: the bin holds scores in [low, high); the last one those of 1 as well.
        count: images in it.
        mean_score: in [0, 1]; None when there are none.
        share_of_fakes: in [0, 1]; None likewise. In a calibrated model it is the mean score.
    """

    low: float
    high: float
    count: int
    mean_score: float | None
    share_of_fakes: float | None


def log_loss(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """Mean binary cross-entropy, in nats.

    None as well when a fake has a score of exactly 0 or a real one of exactly 1: the loss is infinite there.
    (scikit-learn replaces such scores by the nearest ones it can take the logarithm of.)
    """
    counted = _probabilities(labels, scores, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        fake_loss, real_loss = -np.log(counted.scores), -np.log1p(-counted.scores)
        # An infinite loss that no image has is none.
        total = np.where(counted.fakes > 0, counted.fakes * fake_loss, 0.0).sum(-1)
        total += np.where(counted.reals > 0, counted.reals * real_loss, 0.0).sum(-1)
    return answer(ratio(np.where(np.isfinite(total), total, np.nan), _images(counted).sum(-1)))


def brier(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """Mean squared difference of score and label, in [0, 1]."""
    counted = _probabilities(labels, scores, weights)
    squares = counted.fakes * (1 - counted.scores) ** 2 + counted.reals * counted.scores**2
    return answer(ratio(squares.sum(-1), _images(counted).sum(-1)))


def expected_calibration_error(
    labels: np.ndarray, scores: np.ndarray, bins: int = 15, weights: np.ndarray | None = None
) -> float | None:
    """Distance of mean score and share of fakes, averaged over the images, in [0, 1] (Guo et al., ICML 2017).

    Args:
        labels, scores, weights: see the top of the file.
        bins: of equal width, see `ReliabilityBin`.
    """
    counts, scores_sum, fakes = _binned(_probabilities(labels, scores, weights), bins)
    return answer(ratio(np.abs(scores_sum - fakes).sum(-1), counts.sum(-1)))


def reliability(labels: np.ndarray, scores: np.ndarray, bins: int = 15) -> list[ReliabilityBin]:
    """What a reliability diagram shows: `bins` bins of equal width, by rising score, empty ones included."""
    counts, scores_sum, fakes = _binned(_probabilities(labels, scores, None), bins)
    return [
        ReliabilityBin(
            low=number / bins,
            high=(number + 1) / bins,
            count=int(count),
            mean_score=float(score / count) if count else None,
            share_of_fakes=float(fake / count) if count else None,
        )
        for number, (count, score, fake) in enumerate(zip(counts, scores_sum, fakes, strict=True))
    ]


def _probabilities(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None) -> Tally:
    counted = tally(labels, scores, weights)
    if counted.scores.size and not (counted.scores[0] <= 1 and counted.scores[-1] >= 0):
        raise ValueError(
            "Expected scores in [0, 1], received some from "
            f"{counted.scores[-1]:g} to {counted.scores[0]:g}. Give scores, not logits."
        )
    return counted


def _images(counted: Tally) -> np.ndarray:
    return counted.fakes + counted.reals


def _binned(counted: Tally, bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, sum of their scores, and fakes among them, float64 `[..., bins]` each."""
    inner_edges = np.arange(1, bins) / bins
    index = np.searchsorted(inner_edges, counted.scores, side="right")
    in_bin = (index[:, None] == np.arange(bins)).astype(float)
    images = _images(counted)
    return images @ in_bin, (images * counted.scores) @ in_bin, counted.fakes @ in_bin
