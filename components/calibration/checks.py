"""What the choice of an operating point cannot do without."""

import numpy as np


def check_scored(values: np.ndarray, labels: np.ndarray) -> None:
    """Checks scored images.

    Args:
        values: scores or logits, float `[N]`.
        labels: int `[N]`.

    Raises:
        ValueError: when there are not as many of either, a label is neither 0 nor 1, a class is missing, or a value
            is not finite.
    """
    if np.shape(values) != np.shape(labels) or np.ndim(values) != 1:
        raise ValueError(
            f"Expected as many scores as labels, in one dimension, received shapes {np.shape(values)} and "
            f"{np.shape(labels)}."
        )
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


def check_scores(scores: np.ndarray, labels: np.ndarray) -> None:
    """Checks images with calibrated scores.

    Args:
        scores: float `[N]`.
        labels: int `[N]`.

    Raises:
        ValueError: as `check_scored` says, and when a score is not in [0, 1].
    """
    check_scored(scores, labels)
    if np.min(scores) < 0 or np.max(scores) > 1:
        raise ValueError(
            f"Expected scores in [0, 1], received some from {np.min(scores):g} to {np.max(scores):g}. Logits become "
            "scores through `Calibration.scores`."
        )
