"""Each image's group and split, and what leaks from one split into another.

An image of a later span is grouped together with those of the earlier ones, whose groups and splits stand: a near
copy of an image that was trained on must not be tested on.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.errors import BadInputError
from data.example import SPLITS
from data.partition.families import Place, place_of_parent, roots
from data.partition.groups import group_images
from data.partition.images import NO_IMAGES, Images
from data.partition.leaks import dropped, ordered, torn_groups
from data.partition.splits import assign_splits, check_every_class

_VALIDATION = SPLITS[1]


@dataclass(frozen=True)
class Placing:
    """What came of it, one item an image in all but `refused`, `leaks` and `known`.

    Attributes:
        groups: name of the group.
        splits: name of the split.
        refused: reason and detail of the images that can go nowhere, by position.
        leaks: positions of the images of groups that lie in several official splits, a list a group.
        near_copies: bool array; whether there is a near copy with unequal bytes, here or in an earlier span. Never
            of an image that was made of another.
        known: number of images, of those not refused, that belong to a group of an earlier span.
        parents: position of what it was made of, among the images of earlier spans and, after them, these; None for
            originals, and where that is not there.
    """

    groups: list[str]
    splits: list[str]
    refused: dict[int, tuple[str, str]]
    leaks: list[list[int]]
    near_copies: np.ndarray
    known: int
    parents: list[int | None]


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

    An image that was made of another goes where that is, here or in an earlier span, whatever else is known of it.
    Where that is not there, its group and split are those that its source names; without a split it goes to train.

    Args:
        images: to be placed; either all of them have a split of their source's, which is kept, or none has. An image
            of an earlier span's group joins its split in any case.
        shares: share of each split where the source has none; of originals.
        seed: draws another deal.
        radius: largest Hamming distance of near copies, in bits.
        drop_leaks: refuse the images of a group that lies in several official splits, but those of its last one: of
            train, val and test, training is the first to give way.
        earlier: images of earlier spans.

    Raises:
        BadInputError: some have a split and others have none, or a split would lack a class, which only originals
            count for.
    """
    start, count = len(earlier.sha256), len(images.sha256)
    _check_official(images.splits)
    digests = [*earlier.sha256, *images.sha256]
    root = roots(
        digests,
        [*(earlier.parents or [None] * start), *(images.parents or [None] * count)],
        dict(zip(earlier.stored, earlier.sha256, strict=False)),
    )
    present = {digest for digest, own in zip(digests, root, strict=True) if own is None}
    groups, taken, near_copies = _groups(earlier, images, root, present, radius)

    refused = {
        position: ("ties_splits", f"near copies of it are in {' and in '.join(ordered(taken[group]))}")
        for position, group in groups.items()
        if len(taken.get(group, ())) > 1
    }
    is_original = [own is None for own in root[start:]]
    splits = _splits(images, groups, is_original, taken, shares, seed)
    parents = _follow(earlier, images, root, groups, splits, refused)
    for position in range(count):
        if not is_original[position] and splits[position] == _VALIDATION:
            refused.setdefault(position, ("synthetic_in_val", f"of {root[start + position][:16]}"))

    leaks = torn_groups(groups, splits, refused)
    if drop_leaks:
        refused |= dropped(leaks, splits)
    kept = [position for position in range(count) if is_original[position] and position not in refused]
    if not taken and any(is_original):
        check_every_class(*([column[i] for i in kept] for column in (splits, images.labels, groups)))
    of_earlier = {*taken, *earlier.groups}
    return Placing(
        groups=[groups[position] for position in range(count)],
        splits=[splits[position] for position in range(count)],
        refused=refused,
        leaks=leaks,
        near_copies=near_copies,
        known=sum(group in of_earlier for position, group in groups.items() if position not in refused),
        parents=parents,
    )


def _groups(
    earlier: Images, images: Images, root: Sequence[str | None], present: Collection[str], radius: int
) -> tuple[dict[int, str], dict[str, set[str]], np.ndarray]:
    """The groups of all images but those whose parents are there, by position; the splits of the groups of earlier
    spans; and which images have near copies."""
    start = len(earlier.sha256)
    originals = [position for position, own in enumerate(root) if own is None]
    orphans = [
        position
        for position, own in enumerate(root)
        if own is not None and (position < start or own not in present)
    ]
    order = [*originals, *orphans]
    digests = [*earlier.sha256, *images.sha256]
    known = [
        None if own in present else group
        for own, group in zip(root, [*earlier.known_groups, *images.known_groups], strict=True)
    ]
    joints = [
        known,
        # Images of one group stay one group, whatever joined them.
        [*earlier.groups, *(None for _ in images.sha256)],
        # An original may come after what was made of it.
        [own or digest for own, digest in zip(root, digests, strict=True)],
    ]
    grouped = group_images(
        [digests[position] for position in order],
        np.concatenate([earlier.hashes, images.hashes])[originals],
        np.concatenate([earlier.crops, images.crops])[originals],
        [[joint[position] for position in order] for joint in joints],
        radius,
        first=sum(position < start for position in originals),
    )
    name_of = dict(zip(order, grouped.names, strict=True))
    standing = _standing_names([name_of[position] for position in range(start)], earlier.groups)
    taken: dict[str, set[str]] = {}
    for position, split in enumerate(earlier.splits):
        taken.setdefault(standing[name_of[position]], set()).add(split)
    groups = {
        position - start: standing.get(name_of[position], name_of[position])
        for position in sorted(order)
        if position >= start
    }
    near_copies = np.zeros(len(root), bool)
    near_copies[originals] = grouped.has_near_copy
    return groups, taken, near_copies[start:]


def _follow(
    earlier: Images,
    images: Images,
    root: Sequence[str | None],
    groups: dict[int, str],
    splits: dict[int, str],
    refused: dict[int, tuple[str, str]],
) -> list[int | None]:
    """Places the images whose parents are there, and adds them to the three tables; returns parents' positions."""
    start = len(earlier.sha256)
    following = [position for position in range(len(images.sha256)) if position not in groups]
    wanted = {root[start + position] for position in following}
    places = defaultdict(list)
    for position, digest in enumerate(earlier.sha256):
        if root[position] is None and digest in wanted:
            place = Place(position, earlier.groups[position], earlier.splits[position])
            places[digest].append(place)
    for position, group in groups.items():
        if root[start + position] is None and images.sha256[position] in wanted:
            place = Place(start + position, group, splits[position], refused.get(position))
            places[images.sha256[position]].append(place)
    parents: list[int | None] = [None] * len(images.sha256)
    for position in following:
        place = place_of_parent(places[root[start + position]], images.splits[position])
        groups[position], splits[position], parents[position] = place.group, place.split, place.position
        if place.refused:
            refused[position] = place.refused
    return parents


def _standing_names(names: Sequence[str], given: Sequence[str]) -> dict[str, str]:
    """From the name a group would have now to the one it got in an earlier span; the least, where two have grown
    together."""
    standing: dict[str, str] = {}
    for name, earlier in zip(names, given, strict=True):
        standing[name] = min(earlier, standing.get(name, earlier))
    return standing


def _check_official(splits: Sequence[str | None]) -> None:
    if any(splits) and not all(splits):
        raise BadInputError(
            "Expected the source to name a split for every image or for none, "
            f"received {sum(map(bool, splits))} of {len(splits)}."
        )


def _splits(
    images: Images,
    groups: Mapping[int, str],
    is_original: Sequence[bool],
    taken: Mapping[str, set[str]],
    shares: Mapping[str, float],
    seed: int,
) -> dict[int, str]:
    """The splits of the images that have a group, by position."""
    free = [i for i, group in groups.items() if is_original[i] and group not in taken]
    split_of: dict[str, str] = {}
    if not any(images.splits):
        dealt = assign_splits([groups[i] for i in free], [images.labels[i] for i in free], shares, seed)
        split_of = dict(zip((groups[i] for i in free), dealt, strict=True))
    return {
        # What an earlier span was trained or tested on stays there, whatever this one says.
        i: min(taken[group]) if group in taken else images.splits[i] or split_of.get(group, SPLITS[0])
        for i, group in groups.items()
    }
