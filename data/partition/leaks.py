"""Groups that lie in several splits, which the splits of a source may tear."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from data.example import SPLITS


def torn_groups(
    groups: Mapping[int, str], splits: Mapping[int, str], refused: Mapping[int, tuple[str, str]]
) -> list[list[int]]:
    """The positions of the images of each group that lies in several splits.

    Args:
        groups: name of the group, by position.
        splits: name of the split.
        refused: reason and detail of images that can go nowhere. What was made of an image of val leaks nothing, as
            it is in no record.
    """
    members = defaultdict(list)
    for position in sorted(groups):
        if refused.get(position, ("",))[0] != "synthetic_in_val":
            members[groups[position]].append(position)
    return [
        positions for positions in members.values() if len({splits[position] for position in positions}) > 1
    ]


def dropped(leaks: Sequence[Sequence[int]], splits: Mapping[int, str]) -> dict[int, tuple[str, str]]:
    """Reason and detail of the images that give way: those of each leak that are not in its last split."""
    found = {}
    for positions in leaks:
        kept = ordered({splits[position] for position in positions})[-1]
        for position in positions:
            if splits[position] != kept:
                found[position] = ("leak", f"in {splits[position]}, and a near copy of it is in {kept}")
    return found


def ordered(splits: Iterable[str]) -> list[str]:
    """Splits in their order: train, val, test."""
    return sorted(splits, key=SPLITS.index)
