"""A child goes where its parent is, in whichever span, and changes nothing for originals."""

import hashlib
from itertools import chain

import numpy as np
import pytest

from data.errors import BadInputError
from data.partition.families import roots
from data.partition.images import NO_IMAGES, Images
from data.partition.placing import Placing, place_images
from data.partition.splits import DEFAULT_SHARES

RADIUS = 27
ORIGINALS = 60


def _digest(name):
    return hashlib.sha256(str(name).encode()).hexdigest()


def _hash(number):
    return np.random.default_rng(number).integers(0, 256, 32, dtype=np.uint8)


def _images(names, hashes, labels, parents=None, splits=None, known_groups=None):
    count = len(names)
    packed = np.asarray(hashes, np.uint8).reshape(count, 32)
    return Images(
        sha256=[_digest(name) for name in names],
        hashes=packed,
        crops=np.stack([packed, packed], axis=1),
        known_groups=known_groups or [None] * count,
        labels=labels,
        splits=splits or [None] * count,
        parents=parents or [None] * count,
    )


def _together(*several):
    joined = {}
    for name in ("sha256", "hashes", "crops", "known_groups", "labels", "splits", "parents"):
        parts = [getattr(one, name) for one in several]
        joined[name] = np.concatenate(parts) if isinstance(parts[0], np.ndarray) else list(chain(*parts))
    return Images(**joined)


def _standing(images, placing, stored=None):
    assert not placing.refused
    values = {name: getattr(images, name) for name in ("sha256", "hashes", "crops", "known_groups", "labels")}
    return Images(
        **values,
        parents=images.parents,
        splits=placing.splits,
        groups=placing.groups,
        stored=stored or images.sha256,
    )


def _placed_as(groups, splits):
    return Placing(groups, splits, refused={}, leaks=[], near_copies=np.zeros(0, bool), known=0, parents=[])


def _place(images, earlier=NO_IMAGES, **changes):
    return place_images(
        images, **{"shares": DEFAULT_SHARES, "seed": 0, "radius": RADIUS, **changes}, earlier=earlier
    )


def _originals(splits=None):
    return _images(range(ORIGINALS), [_hash(n) for n in range(ORIGINALS)], [0, 1] * 30, splits=splits)


def _children(parents, *, hashes=None, splits=None, labels=None, known_groups=None, digests=None):
    """Children of numbered originals, that look like them unless told otherwise."""
    return _images(
        [f"child {n} of {parent}" for n, parent in enumerate(parents)],
        hashes or [_hash(parent) for parent in parents],
        labels or [1] * len(parents),
        digests or [_digest(parent) for parent in parents],
        splits,
        known_groups,
    )


@pytest.fixture(scope="module")
def earlier():
    images = _originals()
    return _standing(images, _place(images))


def _of_split(earlier, split, count):
    return [number for number, own in enumerate(earlier.splits) if own == split][:count]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_child_joins_its_parent_of_an_earlier_span_whatever_its_own_split_says(split, earlier):
    parents = _of_split(earlier, split, 3)
    # The last of them looks like an image of another split.
    other = _of_split(earlier, "test" if split == "train" else "train", 1)[0]
    hashes = [*(_hash(parent) for parent in parents[:2]), _hash(other)]
    placing = _place(
        _children(parents, hashes=hashes, splits=["val"] * 3, known_groups=["x", "x", "y"]), earlier
    )
    assert placing.groups == [earlier.groups[parent] for parent in parents]
    assert placing.splits == [split] * 3
    assert (placing.refused, placing.leaks, placing.known) == ({}, [], 3)
    assert not placing.near_copies.any()
    assert placing.parents == parents


def test_children_of_harmonised_parents_are_known_by_what_the_records_hold():
    images = _originals()
    before = _standing(images, _place(images), [_digest(f"harmonised {n}") for n in range(ORIGINALS)])
    parents = _of_split(before, "train", 2)
    digests = [_digest(f"harmonised {parents[0]}"), _digest(parents[1])]
    placing = _place(_children(parents, digests=digests), before)
    assert placing.parents == parents
    assert placing.groups == [before.groups[parent] for parent in parents]


def test_originals_are_placed_as_if_their_children_were_not_there():
    images, parents = _originals(), [0, 0, 7, 8, 13]
    # What was made of 7 looks like 13, and what was made of 13 like 8: near copies would make them one group.
    hashes = [_hash(0), _hash(0), _hash(13), _hash(8), _hash(8)]
    alone, both = _place(images), _place(_together(images, _children(parents, hashes=hashes)))
    assert (both.groups[:ORIGINALS], both.splits[:ORIGINALS]) == (alone.groups, alone.splits)
    assert both.groups[ORIGINALS:] == [alone.groups[parent] for parent in parents]
    assert both.splits[ORIGINALS:] == [alone.splits[parent] for parent in parents]
    assert set(both.refused) == {
        ORIGINALS + n for n, parent in enumerate(parents) if alone.splits[parent] == "val"
    }
    assert not both.near_copies.any()


def test_no_child_is_in_val(earlier):
    in_val, in_train = _of_split(earlier, "val", 1)[0], _of_split(earlier, "train", 1)[0]
    placing = _place(_children([in_val, in_train]), earlier)
    assert placing.refused == {0: ("synthetic_in_val", f"of {_digest(in_val)[:16]}")}
    of_strangers = _children(["a", "b", "c"], hashes=[_hash(900)] * 3, splits=["val", "train", "test"])
    placing = _place(of_strangers, earlier)
    assert placing.refused == {0: ("synthetic_in_val", f"of {_digest('a')[:16]}")}
    assert placing.splits[1:] == ["train", "test"]


def test_children_alone_keep_the_group_and_split_that_their_list_names():
    made = _children(
        ["a", "a", "b", "c"],
        hashes=[_hash(900)] * 4,
        splits=["test"] * 4,
        known_groups=["p", "p", "p", "q"],
    )
    placing = _place(made)
    assert (placing.splits, placing.refused, placing.leaks, placing.known) == (["test"] * 4, {}, [], 0)
    # They all look alike, and are two families.
    assert placing.groups[0] == placing.groups[1] == placing.groups[2] != placing.groups[3]
    assert placing.parents == [None] * 4
    assert _place(_children(["a", "b"], hashes=[_hash(900)] * 2)).splits == ["train"] * 2


def test_a_parent_that_comes_after_its_child_goes_where_that_is():
    made = _children([3, "a"], hashes=[_hash(3), _hash(900)], splits=["test", "train"])
    first = _standing(made, _place(made))
    placing = _place(_originals(), first)
    assert (placing.groups[3], placing.splits[3]) == (first.groups[0], "test")
    assert placing.known == 1


def test_what_was_made_of_a_child_belongs_to_the_first_parent(earlier):
    parent = _of_split(earlier, "test", 1)[0]
    child = _children([parent])
    placing = _place(child, earlier)
    groups, splits = [*earlier.groups, *placing.groups], [*earlier.splits, *placing.splits]
    before = _standing(_together(earlier, child), _placed_as(groups, splits))
    grandchild = _children(["?"], hashes=[_hash(901)], digests=child.sha256, splits=["train"])
    placing = _place(grandchild, before)
    assert (placing.groups, placing.splits) == ([earlier.groups[parent]], ["test"])


def test_a_child_goes_nowhere_with_a_parent_that_ties_splits(earlier):
    torn = [_of_split(earlier, split, 1)[0] for split in ("train", "test")]
    bits = np.unpackbits(np.stack([_hash(one) for one in torn]), axis=1)
    # As far from the one as from the other, and near to both.
    apart = np.flatnonzero(bits[0] != bits[1])
    near, between = bits[0].copy(), bits[0].copy()
    near[apart[:40]] = bits[1][apart[:40]]
    between[apart[:20]] = bits[1][apart[:20]]
    twin = _images(["twin"], [np.packbits(near)], [0], splits=["test"])
    before = _standing(
        _together(earlier, twin), _placed_as([*earlier.groups, "twin"], [*earlier.splits, "test"])
    )
    bridge = _images(["bridge"], [np.packbits(between)], [0])
    made = _children(["?"], hashes=[_hash(901)], digests=bridge.sha256)
    placing = _place(_together(bridge, made), before)
    assert [placing.refused[position][0] for position in (0, 1)] == ["ties_splits"] * 2


def test_the_group_that_a_list_names_for_a_child_joins_nothing_to_its_parent(earlier):
    parent = _of_split(earlier, "train", 1)[0]
    child = _children([parent], known_groups=["photo"])
    placing = _place(child, earlier)
    groups, splits = [*earlier.groups, *placing.groups], [*earlier.splits, *placing.splits]
    before = _standing(_together(earlier, child), _placed_as(groups, splits))
    later = _place(_images(["later"], [_hash(902)], [0], known_groups=["photo"]), before)
    assert later.groups[0] not in before.groups
    assert later.known == 0


def test_images_that_say_they_were_made_of_each_other_end():
    a, b = _digest("a"), _digest("b")
    assert set(roots([a, b], [b, a], {})) <= {a, b}


def test_a_child_of_a_copy_in_two_splits_prefers_its_own_and_goes_with_its_parent_when_that_is_dropped():
    images = _originals(["train", "train", "val", "val", "test", "test"] * 10)
    twice = _together(images, _images(["0"], [_hash(0)], [0], splits=["test"]))
    assert twice.sha256[0] == twice.sha256[-1]
    children = _children([0, 0], splits=["train", "test"], labels=[0, 1])
    told = _place(_together(twice, children))
    assert told.splits[-2:] == ["train", "test"]
    dropped = _place(_together(twice, children), drop_leaks=True)
    assert {position: reason for position, (reason, _) in dropped.refused.items()} == {0: "leak", 61: "leak"}


def test_classes_are_those_of_originals():
    # All that is real in test was made of something.
    splits = ["train", "train", "val", "val", "test", "test"] * 10
    images = _images(
        range(ORIGINALS),
        [_hash(n) for n in range(ORIGINALS)],
        [1 if split == "test" else n % 2 for n, split in enumerate(splits)],
        splits=splits,
    )
    children = _children([4, 5], splits=["test", "test"], labels=[0, 0])
    with pytest.raises(BadInputError, match="Expected real images in each of train, val, test, but test"):
        _place(_together(images, children))
