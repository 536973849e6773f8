"""Temperature scaling: how sure a score should be."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.metrics import log_loss

TEMPERATURE_BOUNDS = (0.05, 20.0)
"""Where classes separate, the log loss falls with the temperature for ever."""


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature in `TEMPERATURE_BOUNDS` with the least log loss of sigmoid(logit / temperature).

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Args:
        logits: float `[N]`, finite.
        labels: int `[N]`, 0 or 1.

    Returns:
        A number that float32, in which it is served, holds exactly.
    """
    logits = np.asarray(logits, np.float64)
    result = minimize_scalar(
        lambda log_t: log_loss(labels, expit(logits / np.exp(log_t)), labels=[0, 1]),
        bounds=tuple(np.log(TEMPERATURE_BOUNDS)),
        method="bounded",
    )
    return float(np.float32(np.exp(result.x)))
