"""What a model answered about the images of its users."""

import dataclasses
from collections import Counter
from collections.abc import Iterable

import numpy as np

from components.drift.reservoir import Reservoir

NEAR = 0.05
"""A score nearer than this to tau is near it."""

MOST_COMPARED = 100_000
"""Of more scores than that a random sample is compared, so that any number of answers takes the same memory."""

DECISIONS = ("real", "fake", "uncertain")

_AT_ONCE = 10_000

Answer = tuple[float, str]
"""Score, in [0, 1], and decision."""


@dataclasses.dataclass(frozen=True)
class ServedScores:
    """What a model answered.

    Attributes:
        sample: scores, float64 in [0, 1]: all of them, or a random sample of 100,000.
        images: how many answers there are.
        decided: of these, by decision.
        near: of these, scores nearer than 0.05 to tau.
        no_verdict: images that got no answer.
        other_versions: lines of a log that other versions answered, by version.
        bad_lines: lines of a log that are none.
    """

    sample: np.ndarray
    images: int
    decided: dict[str, int]
    near: int
    no_verdict: int = 0
    other_versions: dict[str, int] = dataclasses.field(default_factory=dict)
    bad_lines: int = 0

    def share(self, decision: str) -> float:
        """The share of the images that were called so."""
        return self.decided.get(decision, 0) / self.images


def collect(answers: Iterable[Answer], threshold: float) -> ServedScores:
    """Counts answers, and keeps as many scores as are compared.

    Args:
        answers: taken one by one, in memory that does not grow with their number.
        threshold: tau of the model.
    """
    reservoir, decided, near, waiting = Reservoir(MOST_COMPARED), Counter(), 0, []
    for score, decision in answers:
        decided[decision] += 1
        near += abs(score - threshold) < NEAR
        waiting.append(score)
        if len(waiting) == _AT_ONCE:
            reservoir.add(waiting)
            waiting.clear()
    reservoir.add(waiting)
    return ServedScores(reservoir.sample(), reservoir.seen, dict(decided), near)
