"""Where exactly between two scores a cut is put, so that rounding cannot move an image across it.

A served score is a float32, and so is the cut that is baked into the export. All that follows is float32: two scores
that round to the same one are one score, and a cut is a float32 above the lower and at most at the higher of two.
"""

import numpy as np

EDGE_MARGIN = 1e-3
"""How far beyond the lowest or the highest score a cut lies that has all scores on one side; less where [0, 1] ends
sooner."""


def served(scores: np.ndarray) -> np.ndarray:
    """Scores as the exported model answers them: rounded to float32."""
    return np.asarray(scores, np.float32)


def cut_between(lower: float, upper: float) -> float | None:
    """A number that parts two scores: `lower < cut <= upper`, halfway unless the two are neighbours.

    Args:
        lower, upper: float32 in [0, 1].

    Returns:
        A float that float32 holds exactly; None when `lower` is not below `upper`.
    """
    lower, upper = np.float32(lower), np.float32(upper)
    if not lower < upper:
        return None
    middle = np.float32((np.float64(lower) + np.float64(upper)) / 2)
    # Between neighbouring numbers there is none, and the mean rounds to the lower one as often as not.
    return float(middle if middle > lower else upper)


def cut_below(lowest: float) -> float:
    """A cut at or below every score, in [0, 1]. Below 0 there is no room; a score of 0 is at a cut of 0."""
    cut = cut_between(max(0.0, float(lowest) - 2 * EDGE_MARGIN), lowest)
    return 0.0 if cut is None else cut


def cut_above(highest: float) -> float | None:
    """A cut above every score, in [0, 1]; None when the highest is 1, above which there is no room."""
    return cut_between(highest, min(1.0, float(highest) + 2 * EDGE_MARGIN))
