"""The population stability index: how far the shares of some bins have moved."""

import numpy as np

SMALL_SHIFT, LARGE_SHIFT = 0.1, 0.25
"""Below the first, nothing has moved to speak of; from the second on, much has. The usual bounds: Siddiqi, "Credit
Risk Scorecards", Wiley 2006, chapter 8."""


def population_stability(expected: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """The index: the sum of (actual - expected) ln(actual / expected) over the bins.

    Lewis, "An Introduction to Credit Scoring", 1994. It is the Jeffreys divergence of both, in nats.

    Args:
        expected: shares of the bins, float `[..., B]`, each above 0, which sum to 1 along the last axis.
        actual: likewise.

    Returns:
        float `[...]`, at least 0.
    """
    return np.sum((actual - expected) * np.log(actual / expected), axis=-1)


def quantile_edges(scores: np.ndarray, bins: int) -> np.ndarray:
    """Inner edges of bins that hold about as many scores each; fewer where scores are tied.

    Args:
        scores: float `[N]`.
        bins: at least 2.

    Returns:
        float `[at most bins - 1]`, ascending. A score that equals an edge belongs to the bin above it.
    """
    return np.unique(np.quantile(scores, np.linspace(0.0, 1.0, bins + 1)[1:-1]))


def shares(counts: np.ndarray) -> np.ndarray:
    """Shares of bins, where an empty bin counts as half an image: the index knows no share of 0.

    Args:
        counts: images of the bins, `[..., B]`, not all of them 0.

    Returns:
        float `[..., B]`, each above 0; they sum to 1 along the last axis.
    """
    filled = np.maximum(counts, 0.5)
    return filled / filled.sum(axis=-1, keepdims=True)
