"""The third answer: which images are better left undecided, and what is won by it.

Selective classification, after Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS
2017: images are decided in the order of a confidence, the surest first; *coverage* is the share that is decided,
*risk* the share of errors among them. The confidence is their "softmax response", the calibrated probability that the
decision is right: the score where it calls an image fake, 1 - score where it calls it real. It falls towards tau from
either side, so what is left undecided is a band around tau; where tau is high, so that few images are called fake by
mistake, the band lies mostly below it, where the missed fakes are.
"""

import dataclasses

import numpy as np

from components.calibration.checks import check_scores
from components.calibration.cuts import cut_above, cut_below, cut_between, served
from components.errors import ObjectiveError


@dataclasses.dataclass(frozen=True)
class RiskCoverage:
    """The risk-coverage curve of some images.

    Attributes:
        coverage: float `[K]` in (0, 1], rising to 1: share of images decided. Equally sure ones are decided together.
        risk: float `[K]` in [0, 1]: share of errors among them.
        confidence: float `[K]` in [0, 1], falling: that of the least sure of them.
        area: AURC, in [0, 1], the lower the better: the mean, over all images, of the risk at the coverage that just
            decides the image (Geifman, Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation", ICLR 2019).
    """

    coverage: np.ndarray
    risk: np.ndarray
    confidence: np.ndarray
    area: float


def risk_coverage(labels: np.ndarray, scores: np.ndarray, tau: float) -> RiskCoverage:
    """The risk-coverage curve at a threshold.

    Args:
        labels: int `[N]`, 0 real, 1 fake; one class alone will do.
        scores: calibrated, float `[N]` in [0, 1].
        tau: in [0, 1]; a score at or above it is called fake.

    Raises:
        ValueError: there is no image, a score is not in [0, 1], or labels and scores differ in number.
    """
    labels, scores = np.asarray(labels), served(scores)
    if not len(labels) or labels.shape != scores.shape:
        raise ValueError(
            f"Expected as many scores as labels and at least one, received shapes {scores.shape} and {labels.shape}."
        )
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("Expected scores in [0, 1], received some that are not.")
    called_fake, confidence = _decided(scores, tau)
    order = np.argsort(-confidence, kind="stable")
    errors = np.cumsum((called_fake != (labels == 1))[order])
    falling = confidence[order]
    # The last of each group of images that are equally sure.
    last = np.append(np.flatnonzero(np.diff(falling)), len(labels) - 1)
    decided = last + 1
    risk = errors[last] / decided
    return RiskCoverage(
        coverage=decided / len(labels),
        risk=risk,
        confidence=falling[last],
        area=float(np.average(risk, weights=np.diff(decided, prepend=0))),
    )


def uncertain_band(
    scores: np.ndarray, labels: np.ndarray, tau: float, max_error: float
) -> tuple[float, float]:
    """The smallest band around tau that leaves at most a share of errors among the images outside it.

    The point of the risk-coverage curve with the largest coverage whose risk is `max_error` or less. The ends of the
    band lie halfway between the last image inside and the first outside on either side, and at tau on a side where no
    image is inside. `max_error` holds on these images; it is no bound on others with a stated probability.

    Args:
        scores: calibrated, float `[N]` in [0, 1].
        labels: int `[N]`, 0 real, 1 fake; both must occur.
        tau: in [0, 1], exact in float32.
        max_error: share of wrong decisions allowed, in [0, 1].

    Returns:
        low, high with 0 <= low <= tau <= high <= 1, exact in float32: a score in [low, high) is uncertain. Both are
        tau where nothing needs to be left undecided.

    Raises:
        ObjectiveError: even the surest images have more errors: a detector that decides nothing is none.
        ValueError: a class is missing, or a score is not a number in [0, 1].
    """
    check_scores(scores, labels)
    curve = risk_coverage(labels, scores, tau)
    allowed = np.flatnonzero(curve.risk <= max_error)
    if not len(allowed):
        best = int(np.argmin(curve.risk))
        raise ObjectiveError(
            f"uncertain max_error={max_error:g}: expected a band around the threshold {tau:.4g} outside of which at "
            f"most this share of the validation images is called wrong; the least that one leaves is "
            f"{curve.risk[best]:.4g}, deciding {curve.coverage[best]:.2%} of them. Ask for that, or train a better "
            "model."
        )
    scores = served(scores)
    called_fake, confidence = _decided(scores, tau)
    inside = confidence < curve.confidence[allowed[-1]]
    low = high = float(tau)
    if len(unsure := scores[inside & ~called_fake]):
        sure = scores[~inside & ~called_fake]
        low = cut_between(sure.max(), unsure.min()) if len(sure) else cut_below(unsure.min())
    if len(unsure := scores[inside & called_fake]):
        # A score of 1 is never inside, as none is surer; so there is always room above.
        sure = scores[~inside & called_fake]
        high = cut_between(unsure.max(), sure.min()) if len(sure) else cut_above(unsure.max())
    return low, high


def _decided(scores: np.ndarray, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """Which images are called fake, bool `[N]`, and the probability that this is right, float64 `[N]`."""
    called_fake = scores >= np.float32(tau)
    exact = scores.astype(np.float64)
    return called_fake, np.where(called_fake, exact, 1 - exact)
