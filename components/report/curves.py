"""Points of the curves: exact at their ends, and never more than a page can carry."""

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

MOST_POINTS = 1000

FALSE_POSITIVE_RATES = (0.001, 0.01, 0.05, 0.1, 0.2)
RECALLS = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Where the tables beside the curves look at them."""


def thinned(points: np.ndarray, most: int = MOST_POINTS) -> np.ndarray:
    """At most so many rows, evenly spaced by their place, the first and the last among them.

    Args:
        points: float `[N, 2]`.
        most: 2 or more.
    """
    if len(points) <= most:
        return points
    return points[np.linspace(0, len(points) - 1, most).round().astype(int)]


def roc_points(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """False positive rate and recall of fake, rising, at every threshold that turns the curve: float `[N, 2]`."""
    false_positive_rate, recall, _ = roc_curve(labels, scores)
    return np.stack([false_positive_rate, recall], axis=1)


def precision_points(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Recall and precision of fake, by falling recall, at every threshold that turns the curve: float `[N, 2]`."""
    precision, recall, _ = precision_recall_curve(labels, scores, drop_intermediate=True)
    return np.stack([recall, precision], axis=1)


def recall_at(points: np.ndarray, false_positive_rate: float) -> float:
    """The highest recall of ROC points with at most this false positive rate."""
    return float(points[points[:, 0] <= false_positive_rate, 1].max())


def precision_at(points: np.ndarray, recall: float) -> float:
    """The highest precision of precision-recall points with at least this recall."""
    return float(points[points[:, 0] >= recall, 1].max())
