"""What a list of images says of those that were made of others: the columns ``synthetic_*``."""

import re
from collections.abc import Mapping
from dataclasses import fields

from data.errors import BadInputError
from data.example import Synthetic

_PREFIX = "synthetic_"
_REQUIRED = ("maker", "parent", "seed", "strength")

#: Names of the columns.
SYNTHETIC = tuple(_PREFIX + field.name for field in fields(Synthetic))

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SEED = re.compile(r"[0-9]{1,19}")
_LARGEST_SEED = 2**63 - 1
_LARGEST_STRENGTH = 3.4e38
"""What single precision holds, which NaN is not within, either."""


def synthetic_of(values: Mapping[str, str]) -> Synthetic | None:
    """How the image of a row was made of another; None where the row says nothing of it.

    Args:
        values: of all columns.

    Raises:
        BadInputError: it says a part of it only, or something malformed; the message is what was expected, and
            received.
    """
    given = {
        column.removeprefix(_PREFIX): value
        for column in SYNTHETIC
        if (value := values.get(column, "").strip())
    }
    if not given:
        return None
    for name in _REQUIRED:
        if name not in given:
            there = next(iter(given))
            raise BadInputError(f"{_PREFIX}{name} beside {_PREFIX}{there}, received none")
    parent = given["parent"].lower()
    if not _DIGEST.fullmatch(parent):
        raise BadInputError(
            f"the SHA-256 of an image, 64 hexadecimal digits, as {_PREFIX}parent, received {given['parent']!r}"
        )
    return Synthetic(
        **{"edit": "", **given, "parent": parent, "seed": _seed(given["seed"]), "strength": _strength(given)}
    )


def _seed(text: str) -> int:
    if not _SEED.fullmatch(text) or int(text) > _LARGEST_SEED:
        raise BadInputError(f"a whole number from 0 to 2**63 - 1 as {_PREFIX}seed, received {text!r}")
    return int(text)


def _strength(given: Mapping[str, str]) -> float:
    try:
        strength = float(given["strength"])
    except ValueError:
        strength = float("nan")
    if not abs(strength) <= _LARGEST_STRENGTH:
        raise BadInputError(f"a number as {_PREFIX}strength, received {given['strength']!r}")
    return strength
