"""How many images of either class have each score: what every measure of this package starts from."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Tally:
    """Images counted by score.

    Attributes:
        scores: float64 `[K]`, distinct, falling.
        fakes: int64 `[..., K]`, fake images with that score; more than one row where weights have.
        reals: int64 `[..., K]`, real images with that score.
    """

    scores: np.ndarray
    fakes: np.ndarray
    reals: np.ndarray


def tally(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> Tally:
    """Counts images by score.

    Args:
        labels: `[N]`, 0 real, 1 fake.
        scores: float `[N]`, finite. Two scores are the same when they are equal as float64, which float32 converts to
            without loss.
        weights: int `[..., N]`, how often each image counts, 0 or more; None: once.

    Raises:
        ValueError: when shapes differ, a label is neither 0 nor 1, or a score is not finite.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    weights = np.ones(labels.shape, np.int64) if weights is None else np.asarray(weights)
    if labels.ndim != 1 or not labels.shape == scores.shape == weights.shape[-1:]:
        raise ValueError(
            "Expected labels, scores and weights of one shape [N], received "
            f"{list(labels.shape)}, {list(scores.shape)} and {list(weights.shape)}. Flatten them first."
        )
    fake = labels == 1
    if not (fake | (labels == 0)).all():
        strange = labels[~(fake | (labels == 0))][0]
        raise ValueError(
            f"Expected labels of 0 (real) or 1 (fake), received {strange}. Drop or relabel such images."
        )
    if not np.isfinite(scores).all():
        raise ValueError(
            f"Expected finite scores, received {np.count_nonzero(~np.isfinite(scores))} of {scores.size} that are "
            "not. Training diverged, or the images were not scored: look at the model first."
        )
    if not scores.size:
        return Tally(scores, weights, weights)
    # A stable sort is linear where scores are in order already, as those of the bootstrap are.
    order = np.argsort(-scores, kind="stable")
    scores, weights, fake = scores[order], weights[..., order], fake[order]
    starts = np.flatnonzero(np.concatenate([[True], scores[1:] != scores[:-1]]))
    return Tally(
        scores[starts],
        np.add.reduceat(np.where(fake, weights, 0), starts, axis=-1),
        np.add.reduceat(np.where(fake, 0, weights), starts, axis=-1),
    )


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part over whole, NaN where the whole is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def answer(values: np.ndarray) -> float | np.ndarray | None:
    """A single number as such, None for NaN; of several, the array."""
    if values.ndim:
        return values
    return None if np.isnan(values) else float(values)
