"""How a threshold objective is written: `best-f1`, `fpr=0.01`, `precision=0.95` or `cost=10`."""

import math
from typing import Literal, NamedTuple

_FORMS = (
    "best-f1, fpr=RATE (from 0, below 1), precision=SHARE (above 0, at most 1) or cost=RATIO (how many misses a "
    "false alarm costs, above 0)"
)
_IN_RANGE = {
    "fpr": lambda value: 0 <= value < 1,
    "precision": lambda value: 0 < value <= 1,
    "cost": lambda value: 0 < value < math.inf,
}


class Objective(NamedTuple):
    """What a threshold is chosen for.

    Attributes:
        name: `best-f1`: the best F1 of fake; `fpr`: the highest recall of fake within a false positive rate;
            `precision`: the highest recall of fake with at least a precision; `cost`: the least cost.
        value: the rate or the precision, in [0, 1]; of `cost`, how many misses one false alarm costs; None of
            `best-f1`.
    """

    name: Literal["best-f1", "fpr", "precision", "cost"]
    value: float | None = None


def parse_objective(text: str) -> Objective:
    """Reads an objective.

    Args:
        text: `best-f1`, `fpr=0.01`, `precision=0.95` or `cost=10`.

    Raises:
        ValueError: when it is none of these, or its number is out of range.
    """
    name, equals, number = text.partition("=")
    if text == "best-f1":
        return Objective("best-f1")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not equals or name not in _IN_RANGE or not _IN_RANGE[name](value):
        raise ValueError(f"expected {_FORMS}, received '{text}'")
    return Objective(name, value)
