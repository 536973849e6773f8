"""How sure a measure is: confidence intervals."""

from typing import Protocol

import numpy as np
from scipy import stats

_IMAGES_AT_A_TIME = 1 << 16
"""Of all resamples that are measured together: half a megabyte a working array, which stays in the cache."""


class Measure(Protocol):
    """What the bootstrap takes: any function of `ranking` or `probability`, further arguments bound."""

    def __call__(
        self, labels: np.ndarray, scores: np.ndarray, *, weights: np.ndarray | None
    ) -> float | np.ndarray | None:
        """The measure where each image counts as often as `weights` says; of a row of them each, `[R]`."""


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """Wilson's score interval of a proportion (E. B. Wilson, JASA 1927), without continuity correction.

    Args:
        successes: from 0 to `trials`.
        trials: 0 or more.
        confidence: in (0, 1).

    Returns:
        Low and high, in [0, 1]; None for no trial.

    Raises:
        ValueError: when `successes` is not within 0 and `trials`, or `confidence` not within 0 and 1.
    """
    # Not every SciPy looks.
    if not (0 <= successes <= trials and 0 < confidence < 1):
        raise ValueError(
            "Expected successes from 0 to the number of trials and a confidence between 0 and 1, received "
            f"{successes} successes in {trials} trials and {confidence}."
        )
    if not trials:
        return None
    low, high = stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


def bootstrap(
    labels: np.ndarray,
    scores: np.ndarray,
    measure: Measure,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Percentile bootstrap interval, either class resampled by itself (B. Efron, Annals of Statistics 1979).

    A resample is drawn as counts, how often each image is in it, over scores sorted once, and many are measured
    together: a few passes over `[R, N]`, and no sort. The same seed gives the same interval. A measure that is
    perfect in the sample is perfect in every resample: the interval then has no width, and says nothing of images not
    seen.

    Args:
        labels: `[N]`, 0 real, 1 fake.
        scores: float `[N]`.
        measure: such as `roc_auc`, or `functools.partial(recall_at_fpr, rate=0.01)`.
        resamples: 1 or more.
        confidence: in (0, 1).
        seed: of the draws.

    Returns:
        Low and high; None where the measure is not defined, and where a class has a single image, which leaves
        nothing to draw from.

    Raises:
        ValueError: as the measure does.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    order = np.argsort(-scores, kind="stable")
    labels, scores = labels[order], scores[order]
    if measure(labels, scores, weights=None) is None:
        return None
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if any(len(images) < 2 for images in classes):
        return None
    rng = np.random.default_rng(seed)
    at_a_time = max(1, _IMAGES_AT_A_TIME // len(labels))
    found = []
    for first in range(0, resamples, at_a_time):
        rows = min(at_a_time, resamples - first)
        weights = np.zeros((rows, len(labels)), np.int64)
        for images in classes:
            weights[:, images] = _draw(rng, rows, len(images))
        found.append(measure(labels, scores, weights=weights))
    low, high = np.quantile(np.concatenate(found), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _draw(rng: np.random.Generator, rows: int, images: int) -> np.ndarray:
    """How often each image is in each resample, int64 `[rows, images]`; a row adds up to `images`."""
    drawn = rng.integers(0, images, (rows, images)) + images * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * images).reshape(rows, images)
