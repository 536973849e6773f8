"""Images that were made of others, and where they go.

A child looks like its parent, often more than a near copy does, and one that was blended of two faces looks like
both. So what it looks like joins it to nothing: its place is that of its parent, and only where there is none it has
its own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from data.example import SPLITS


@dataclass(frozen=True)
class Place:
    """Where an original is.

    Attributes:
        position: of it, among those of earlier spans and, after them, this one's.
        group: name of its group.
        split: name of its split.
        refused: reason and detail, where it can go nowhere.
    """

    position: int
    group: str
    split: str
    refused: tuple[str, str] | None = None


def roots(
    sha256: Sequence[str], parents: Sequence[str | None], aliases: Mapping[str, str]
) -> list[str | None]:
    """The digest of the original that each image comes from in the end; None for originals.

    Args:
        sha256: digest of each image's bytes.
        parents: digest of what each was made of; None for originals.
        aliases: from other digests of images, such as those of their harmonised copies, to the one in ``sha256``.
    """
    originals = {digest for digest, parent in zip(sha256, parents, strict=True) if parent is None}
    parent_of = {digest: parent for digest, parent in zip(sha256, parents, strict=True) if parent is not None}
    return [parent and _root(parent, originals, parent_of, aliases) for parent in parents]


def _root(
    parent: str, originals: Collection[str], parent_of: Mapping[str, str], aliases: Mapping[str, str]
) -> str:
    found, seen = aliases.get(parent, parent), set[str]()
    # A child may be a parent itself, and a list can even say that two images were made of each other.
    while found not in originals and found in parent_of and found not in seen:
        seen.add(found)
        found = aliases.get(parent_of[found], parent_of[found])
    return found


def place_of_parent(copies: Sequence[Place], official: str | None) -> Place:
    """Which of the copies of its parent a child follows.

    Args:
        copies: places of all images with the bytes of the parent, one or more.
        official: the split that the source names for the child; it counts where a copy is in it, and else the
            first split that has one.
    """
    return min(
        copies,
        key=lambda copy: (
            bool(copy.refused),
            copy.split != official,
            SPLITS.index(copy.split),
            copy.position,
        ),
    )
