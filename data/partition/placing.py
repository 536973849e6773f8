"""Each image's group and split, and what leaks from one split into another.

An image of a later span is grouped together with those of the earlier ones, whose groups and splits stand: a near
copy of an image that was trained on must not be tested on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.errors import BadInputError
from data.example import SPLITS
from data.images.perceptual_hash import CROPS, HASH_BITS
from data.partition.groups import group_images
from data.partition.splits import assign_splits, check_every_class


@dataclass(frozen=True)
class Images:
    """What placing needs to know of images, one item an image in each.

    Attributes:
        sha256: hexadecimal digests.
        hashes: uint8 array [n, 32]; perceptual hashes.
        crops: uint8 array [n, c, 32]; perceptual hashes of crops.
        known_groups: the source's own group, or None.
        labels: 0 (real) or 1 (fake).
        splits: the source's own split, or None; of an earlier span, the split that was given.
        groups: of an earlier span, the group that was given; otherwise empty.
    """

    sha256: Sequence[str]
    hashes: np.ndarray
    crops: np.ndarray
    known_groups: Sequence[str | None]
    labels: Sequence[int]
    splits: Sequence[str | None]
    groups: Sequence[str] = ()


NO_IMAGES = Images(
    (),
    np.zeros((0, HASH_BITS // 8), np.uint8),
    np.zeros((0, len(CROPS), HASH_BITS // 8), np.uint8),
    (),
    (),
    (),
)


@dataclass(frozen=True)
class Placing:
    """What came of it, one item an image in the first two.

    Attributes:
        groups: name of the group.
        splits: name of the split.
        refused: reason and detail of the images that can go nowhere, by position.
        leaks: positions of the images of groups that lie in several official splits, a list a group.
        near_copies: bool array; whether there is a near copy with unequal bytes, here or in an earlier span.
        known: number of images that belong to a group of an earlier span.
    """

    groups: list[str]
    splits: list[str]
    refused: dict[int, tuple[str, str]]
    leaks: list[list[int]]
    near_copies: np.ndarray
    known: int


def place_images(
    images: Images,
    *,
    shares: Mapping[str, float],
    seed: int,
    radius: int,
    drop_leaks: bool = False,
    earlier: Images = NO_IMAGES,
) -> Placing:
    """Gives each image its group and its split.

    Args:
        images: to be placed; either all of them have a split of their source's, which is kept, or none has. An image
            of an earlier span's group joins its split in any case.
        shares: share of each split where the source has none.
        seed: draws another deal.
        radius: largest Hamming distance of near copies, in bits.
        drop_leaks: refuse the images of a group that lies in several official splits, but those of its last one: of
            train, val and test, training is the first to give way.
        earlier: images of earlier spans.

    Raises:
        BadInputError: some have a split and others have none, or a split would lack a class.
    """
    start = len(earlier.sha256)
    grouped = group_images(
        [*earlier.sha256, *images.sha256],
        np.concatenate([earlier.hashes, images.hashes]),
        np.concatenate([earlier.crops, images.crops]),
        [
            [*earlier.known_groups, *images.known_groups],
            # Images of one group stay one group, whatever joined them.
            [*earlier.groups, *(None for _ in images.sha256)],
        ],
        radius,
        first=start,
    )
    standing = _standing_names(grouped.names[:start], earlier.groups)
    taken: dict[str, set[str]] = {}
    for name, split in zip(grouped.names, earlier.splits, strict=False):
        taken.setdefault(standing[name], set()).add(split)
    groups = [standing.get(name, name) for name in grouped.names[start:]]

    refused = {
        position: ("ties_splits", f"near copies of it are in {' and in '.join(_ordered(taken[group]))}")
        for position, group in enumerate(groups)
        if len(taken.get(group, ())) > 1
    }
    splits = _splits(images, groups, taken, shares, seed)
    leaks = _leaks(groups, splits)
    if drop_leaks:
        refused |= _dropped(leaks, splits)
    if not taken:
        kept = [position for position in range(len(groups)) if position not in refused]
        check_every_class(
            *([column[position] for position in kept] for column in (splits, images.labels, groups))
        )
    return Placing(
        groups=groups,
        splits=splits,
        refused=refused,
        leaks=leaks,
        near_copies=grouped.has_near_copy[start:],
        known=sum(group in taken for group in groups),
    )


def _standing_names(names: Sequence[str], given: Sequence[str]) -> dict[str, str]:
    """From the name a group would have now to the one it got in an earlier span; the least, where two have grown
    together."""
    standing: dict[str, str] = {}
    for name, earlier in zip(names, given, strict=True):
        standing[name] = min(earlier, standing.get(name, earlier))
    return standing


def _splits(
    images: Images,
    groups: Sequence[str],
    taken: Mapping[str, set[str]],
    shares: Mapping[str, float],
    seed: int,
) -> list[str]:
    official = list(images.splits)
    if any(official):
        if not all(official):
            raise BadInputError(
                "Expected the source to name a split for every image or for none, "
                f"received {sum(map(bool, official))} of {len(official)}."
            )
        splits = official
    else:
        free = [position for position, group in enumerate(groups) if group not in taken]
        dealt = assign_splits([groups[i] for i in free], [images.labels[i] for i in free], shares, seed)
        split_of = dict(zip((groups[i] for i in free), dealt, strict=True))
        splits = [split_of.get(group) for group in groups]
    # What an earlier span was trained or tested on stays there, whatever this one says.
    return [
        min(taken[group]) if group in taken else split for group, split in zip(groups, splits, strict=True)
    ]


def _leaks(groups: Sequence[str], splits: Sequence[str]) -> list[list[int]]:
    members = defaultdict(list)
    for position, group in enumerate(groups):
        members[group].append(position)
    return [
        positions for positions in members.values() if len({splits[position] for position in positions}) > 1
    ]


def _dropped(leaks: Sequence[Sequence[int]], splits: Sequence[str]) -> dict[int, tuple[str, str]]:
    dropped = {}
    for positions in leaks:
        kept = _ordered({splits[position] for position in positions})[-1]
        for position in positions:
            if splits[position] != kept:
                dropped[position] = ("leak", f"in {splits[position]}, and a near copy of it is in {kept}")
    return dropped


def _ordered(splits: Iterable[str]) -> list[str]:
    return sorted(splits, key=SPLITS.index)
