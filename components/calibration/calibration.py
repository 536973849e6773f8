"""From raw logits to a decision: temperature and threshold, chosen on the validation split."""

import dataclasses

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.metrics import log_loss, precision_recall_curve

_TEMPERATURE_BOUNDS = (0.05, 20.0)


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What turns a logit into a score and a score into a decision.

    Attributes:
        temperature: the score is sigmoid(logit / temperature); above 0.
        threshold: tau in [0, 1]; a score at or above it is called fake.
        uncertain: low and high with 0 <= low <= tau <= high <= 1; a score in [low, high) is called uncertain where
            three answers are wanted. None: every image is called real or fake.
    """

    temperature: float
    threshold: float
    uncertain: tuple[float, float] | None = None

    def scores(self, logits: np.ndarray) -> np.ndarray:
        """P(fake) of logits of any shape, float64 in [0, 1]."""
        return expit(np.asarray(logits, np.float64) / self.temperature)


def calibrate(logits: np.ndarray, labels: np.ndarray, temperature_scaling: bool = True) -> Calibration:
    """Fits temperature, then the threshold of the best F1 of fake.

    Args:
        logits: float `[N]`, finite.
        labels: int `[N]`, 0 real, 1 fake; both must occur.
        temperature_scaling: whether to fit a temperature; otherwise it is 1.

    Raises:
        ValueError: when a class is missing or a logit is not finite.
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)
    _check(logits, labels)
    temperature = fit_temperature(logits, labels) if temperature_scaling else 1.0
    return Calibration(temperature, best_f1_threshold(expit(logits / temperature), labels))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature in [0.05, 20] with the least log loss (Guo et al., ICML 2017, "On Calibration…").

    Args:
        logits: float `[N]`.
        labels: int `[N]`, 0 or 1.
    """
    result = minimize_scalar(
        lambda log_t: log_loss(labels, expit(logits / np.exp(log_t)), labels=[0, 1]),
        bounds=tuple(np.log(_TEMPERATURE_BOUNDS)),
        method="bounded",
    )
    return float(np.exp(result.x))


def best_f1_threshold(scores: np.ndarray, labels: np.ndarray) -> float:
    """The threshold with the best F1 of fake on the precision-recall curve.

    Among thresholds of equal F1 the highest wins: it calls the fewest images fake. The threshold is put halfway
    between the score that decides and the next lower one, so that rounding cannot flip a decision.

    Args:
        scores: float `[N]` in [0, 1].
        labels: int `[N]`, 0 real, 1 fake; both must occur.

    Returns:
        tau in [0, 1].

    Raises:
        ValueError: when a class is missing or a score is not finite.
    """
    _check(scores, labels)
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    # The curve's last point has no threshold; precision + recall is 0 where nothing called fake is fake.
    precision, recall = precision[:-1], recall[:-1]
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    chosen = np.flatnonzero(np.isclose(f1, f1.max(), rtol=0, atol=1e-12))[-1]
    upper = thresholds[chosen]
    lower = thresholds[chosen - 1] if chosen else upper
    middle = (lower + upper) / 2
    # Between neighbouring numbers there is none, and the sum rounds to the lower one as often as not.
    return float(np.clip(middle if middle > lower else upper, 0.0, 1.0))


def _check(values: np.ndarray, labels: np.ndarray) -> None:
    found = sorted(np.unique(labels).tolist())
    if found != [0, 1]:
        raise ValueError(
            f"Expected validation images of both classes (labels 0 and 1) to choose a threshold, received labels "
            f"{found}. Give the validation split images of both."
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"Expected finite scores, received {np.count_nonzero(~np.isfinite(values))} that are not. Training "
            "diverged: lower the learning rate."
        )
