"""Can something other than the edit tell a child from its parent?

The audit of :mod:`data.audit.shortcuts`, of parents as if they were real and of children as if they were fake,
whatever their labels. What it finds would teach a detector how children are saved.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from data.audit.shortcuts import PairAudit, audit_shortcuts
from data.example import FAKE, METHOD_OF_REALS, REAL
from data.image_table import Row, make_table, row_of, with_columns
from data.images.decode_check import Limits, inspect_image
from data.sources import SourceImage

#: Pairs that are audited: they tell an AUC to a hundredth and a half.
MOST_PAIRS = 2000


@dataclass(frozen=True)
class Pair:
    """A parent and its child, encoded, and the group of both."""

    parent: bytes
    child: bytes
    group: str


def audit_pairs(pairs: Iterable[Pair], bound: float) -> PairAudit | None:
    """Audits parents against children.

    Args:
        pairs: no parent twice.
        bound: largest AUC of a cue that is tolerated.

    Returns:
        The audit; ``real`` counts the parents and ``fake`` the children. None where there are too few to tell.
    """
    groups: list[str] = []
    table = make_table(_rows(pairs, groups))
    found = audit_shortcuts(with_columns(table, {"group": groups}), bound)
    return found[0] if found else None


def sentences(audit: PairAudit) -> list[str]:
    """One for each cue that tells more than the bound."""
    return [f"{cue}: AUC {audit.cues.get(cue, audit.together):.2f}" for cue in audit.suspects]


def strongest(audit: PairAudit) -> tuple[str, float]:
    """The cue that tells most, be it those together, and its AUC."""
    together = {} if audit.together is None else {"all cues together": audit.together}
    return max((audit.cues | together).items(), key=lambda item: item[1])


def _rows(pairs: Iterable[Pair], groups: list[str]) -> Iterator[Row]:
    # They have been decoded before, so that nothing is too small or too large.
    limits = Limits(smallest_face=1)
    for number, pair in enumerate(pairs):
        for label, encoded, method in (
            (REAL, pair.parent, METHOD_OF_REALS),
            (FAKE, pair.child, "synthetic"),
        ):
            image = SourceImage("", f"{number}-{label}", label, "synthesis", method)
            groups.append(pair.group)
            yield row_of(image, inspect_image(encoded, limits))
