"""Groups never part, official splits stand, leaks give way, and later spans follow earlier ones."""

import hashlib
import random
from collections import Counter, defaultdict
from dataclasses import fields, replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.errors import BadInputError
from data.example import SPLITS
from data.partition.images import NO_IMAGES, Images
from data.partition.placing import place_images
from data.partition.splits import DEFAULT_SHARES, assign_splits

RADIUS = 27
BITS = 256
_MAY_BE_EMPTY = ("groups", "stored", "parents")


def _images(hashes, labels, splits=None, known_groups=None, start=0):
    """Images of packed hashes; crops look like the images, and digests tell each by its number."""
    count = len(hashes)
    hashes = np.asarray(hashes, np.uint8).reshape(count, BITS // 8)
    return Images(
        sha256=[hashlib.sha256(str(start + number).encode()).hexdigest() for number in range(count)],
        hashes=hashes,
        crops=np.stack([hashes, hashes], axis=1),
        known_groups=known_groups or [None] * count,
        labels=labels,
        splits=splits or [None] * count,
    )


def _place(images, **changes):
    settings_of_placing = {"shares": DEFAULT_SHARES, "seed": 0, "radius": RADIUS, **changes}
    return place_images(images, **settings_of_placing)


def _some(images, rows):
    def picked(values):
        return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]

    return Images(
        **{f.name: picked(getattr(images, f.name)) for f in fields(Images) if f.name not in _MAY_BE_EMPTY}
    )


def _placed(images, placing):
    """Images as an earlier span holds them: with the groups and splits that they got, without those refused."""
    rows = [row for row in range(len(images.sha256)) if row not in placing.refused]
    return replace(
        _some(images, rows),
        splits=[placing.splits[row] for row in rows],
        groups=[placing.groups[row] for row in rows],
    )


def _together(*spans):
    def joined(values):
        return np.concatenate(values) if isinstance(values[0], np.ndarray) else list(chain(*values))

    return Images(**{f.name: joined([getattr(span, f.name) for span in spans]) for f in fields(Images)})


def _base(rng):
    return rng.integers(0, 256, BITS // 8, dtype=np.uint8)


def _turned(hashed, count, rng=None, start=0):
    bits = np.unpackbits(hashed)
    positions = rng.choice(BITS, count, replace=False) if rng else np.arange(start, start + count)
    bits[positions] ^= 1
    return np.packbits(bits)


@st.composite
def image_sets(draw):
    """Images, and the cluster that each belongs to: near copies of one base, or cut from one photo."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    hashes, labels, clusters, known = [], [], [], []
    for cluster in range(draw(st.integers(90, 130))):
        size = rng.choice([1, 1, 1, 2, 3])
        base, label = _base(rng), cluster % 2
        from_photo = rng.random() < 0.2
        for _ in range(size):
            # No two of one cluster lie further apart than the radius.
            hashes.append(_base(rng) if from_photo else _turned(base, rng.integers(RADIUS // 2 + 1), rng))
            labels.append(label)
            clusters.append(cluster)
            known.append(f"photo {cluster}" if from_photo else None)
    order = rng.permutation(len(hashes))
    return (
        _images([hashes[i] for i in order], [labels[i] for i in order], None, [known[i] for i in order]),
        [clusters[i] for i in order],
    )


def _partition(names):
    members = defaultdict(set)
    for position, name in enumerate(names):
        members[name].add(position)
    return set(map(frozenset, members.values()))


def _splits_of(groups, splits, leaving_out=()):
    found = defaultdict(set)
    for position, (group, split) in enumerate(zip(groups, splits, strict=True)):
        if position not in leaving_out:
            found[group].add(split)
    return found


@settings(deadline=None, max_examples=25)
@given(image_sets(), st.integers(0, 3))
def test_groups_are_the_clusters_and_lie_in_one_split_each(case, seed):
    images, clusters = case
    placing = _place(images, seed=seed)
    assert _partition(placing.groups) == _partition(clusters)
    assert all(len(splits) == 1 for splits in _splits_of(placing.groups, placing.splits).values())
    assert (placing.refused, placing.leaks, placing.known) == ({}, [], 0)
    assert placing.splits == assign_splits(placing.groups, images.labels, DEFAULT_SHARES, seed)
    digests = defaultdict(list)
    for group, digest in zip(placing.groups, images.sha256, strict=True):
        digests[group].append(digest[:16])
    assert all(group == min(members) for group, members in digests.items())
    in_clusters = Counter(
        cluster for cluster, known in zip(clusters, images.known_groups, strict=True) if known is None
    )
    copied = [
        known is None and in_clusters[cluster] > 1
        for cluster, known in zip(clusters, images.known_groups, strict=True)
    ]
    assert placing.near_copies.tolist() == copied


@settings(deadline=None, max_examples=25)
@given(image_sets(), st.integers(0, 2**32))
def test_official_splits_stand_and_what_they_tear_apart_is_told(case, seed):
    images, clusters = case
    splits = _official(len(clusters), seed)
    images = replace(images, splits=splits)
    placing = _place(images)
    assert placing.splits == splits
    assert placing.refused == {}
    torn = {cluster for cluster, found in _splits_of(clusters, splits).items() if len(found) > 1}
    expected = {frozenset(np.flatnonzero(np.array(clusters) == cluster)) for cluster in torn}
    assert set(map(frozenset, placing.leaks)) == expected
    assert len(placing.leaks) == len(expected)


@settings(deadline=None, max_examples=25)
@given(image_sets(), st.integers(0, 2**32))
def test_dropping_leaks_keeps_those_of_the_last_split_and_no_others(case, seed):
    images, clusters = case
    splits = _official(len(clusters), seed)
    images = replace(images, splits=splits)
    told, placing = _place(images), _place(images, drop_leaks=True)
    assert placing.leaks == told.leaks
    expected = set()
    for leak in placing.leaks:
        last = max((splits[position] for position in leak), key=SPLITS.index)
        expected |= {position for position in leak if splits[position] != last}
    assert set(placing.refused) == expected
    for position, (reason, detail) in placing.refused.items():
        assert reason == "leak"
        assert detail.startswith(f"in {splits[position]}, and a near copy of it is in ")
    kept = _splits_of(placing.groups, placing.splits, leaving_out=placing.refused)
    assert all(len(found) == 1 for found in kept.values())
    assert set(kept) == set(placing.groups), "a group was lost"


def _official(count, seed):
    rng = random.Random(seed)  # noqa: S311
    return rng.choices(SPLITS, weights=(6, 2, 2), k=count)


@settings(deadline=None, max_examples=25)
@given(image_sets(), st.integers(0, 2**32), st.integers(0, 3))
def test_a_later_span_follows_the_earlier_ones(case, seed, deal):
    images, clusters = case
    rng = np.random.default_rng(seed)
    # The first span holds every cluster's first image of the first eighty clusters, and whatever chance adds.
    in_first = np.array([cluster < 80 and rng.random() < 0.7 for cluster in clusters])
    rows, later_rows = (np.flatnonzero(choice) for choice in (in_first, ~in_first))
    first, later = _some(images, rows), _some(images, later_rows)
    assume(len(rows) > 60)
    before = _place(first, seed=deal)
    earlier = _placed(first, before)
    after = _place(later, seed=deal, earlier=earlier)
    place_of = {
        clusters[row]: (group, split)
        for row, group, split in zip(rows, before.groups, before.splits, strict=True)
    }
    known = 0
    for row, group, split in zip(later_rows, after.groups, after.splits, strict=True):
        if clusters[row] in place_of:
            known += 1
            assert (group, split) == place_of[clusters[row]]
        else:
            assert group not in before.groups
    assert after.known == known
    assert (after.refused, after.leaks) == ({}, [])
    groups, splits = [*before.groups, *after.groups], [*before.splits, *after.splits]
    assert all(len(found) == 1 for found in _splits_of(groups, splits).values())
    assert _partition(groups) == _partition([clusters[row] for row in [*rows, *later_rows]])


@settings(deadline=None, max_examples=15)
@given(image_sets(), st.integers(0, 2**32), st.booleans())
def test_the_order_of_the_images_does_not_matter(case, seed, official):
    images, clusters = case
    if official:
        images = replace(images, splits=_official(len(clusters), seed))
    order = np.random.default_rng(seed).permutation(len(clusters))
    shuffled = _some(images, order)
    one, other = (_place(some, drop_leaks=True) for some in (images, shuffled))
    assert [one.groups[row] for row in order] == other.groups
    assert [one.splits[row] for row in order] == other.splits
    assert {images.sha256[row] for row in one.refused} == {shuffled.sha256[row] for row in other.refused}
    assert sum(one.near_copies) == sum(other.near_copies)


@pytest.fixture
def pairs():
    """A first span of 80 strangers in place, and for each two neighbours in it a hash between the two."""
    rng = np.random.default_rng(0)
    ends = []
    for _ in range(40):
        base = _base(rng)
        ends += [base, _turned(base, 40)]
    first = _images(ends, [0, 0, 1, 1] * 20)
    placing = _place(first)
    assert len(set(placing.groups)) == 80
    bridges = [_turned(end, 20) for end in ends[::2]]
    return _placed(first, placing), bridges


def test_what_ties_two_splits_together_is_refused_and_what_lies_within_one_is_not(pairs):
    earlier, bridges = pairs
    labels = [0, 1] * 20
    placing = _place(_images(bridges, labels, start=1000), earlier=earlier)
    torn = {n for n in range(40) if earlier.splits[2 * n] != earlier.splits[2 * n + 1]}
    assert 5 < len(torn) < 35
    assert set(placing.refused) == torn
    for number in range(40):
        both = {earlier.splits[2 * number], earlier.splits[2 * number + 1]}
        if number in torn:
            reason, detail = placing.refused[number]
            named = " and in ".join(split for split in SPLITS if split in both)
            assert (reason, detail) == ("ties_splits", f"near copies of it are in {named}")
        else:
            assert placing.splits[number] in both
            assert placing.groups[number] == min(earlier.groups[2 * number], earlier.groups[2 * number + 1])
    assert placing.leaks == []


def test_a_third_span_finds_the_groups_of_both_before_it(pairs):
    earlier, bridges = pairs
    labels = [0, 1] * 20
    second = _images(bridges, labels, start=1000)
    placing = _place(second, earlier=earlier)
    both = _together(earlier, _placed(second, placing))
    # Near to a bridge, and to nothing of the first span.
    third = _images([_turned(_turned(b, 20, start=60), 0) for b in bridges], labels, start=2000)
    placed = _place(third, earlier=both)
    kept = [n for n in range(40) if n not in placing.refused]
    assert placed.refused == {}
    assert [placed.groups[n] for n in kept] == [placing.groups[n] for n in kept]
    assert [placed.splits[n] for n in kept] == [placing.splits[n] for n in kept]
    assert placed.known == len(kept)


@pytest.mark.parametrize("drop_leaks", [False, True])
@pytest.mark.parametrize("held", ["train", "test"])
def test_what_an_earlier_span_holds_keeps_its_split_whatever_a_later_source_says(pairs, held, drop_leaks):
    earlier, _ = pairs
    position = earlier.splits.index(held)
    strangers = _images([_base(np.random.default_rng(9))], [0], start=3000).hashes
    later = _images([earlier.hashes[position], strangers[0]], [0, 1], ["val", "val"], start=1000)
    told = _place(later, earlier=earlier, drop_leaks=drop_leaks)
    assert (told.leaks, told.refused, told.splits) == ([], {}, [held, "val"])


def test_a_known_group_reaches_into_earlier_spans(pairs):
    earlier, _ = pairs
    earlier = replace(earlier, known_groups=["photo", *[None] * 79])
    later = _images([_base(np.random.default_rng(9))], [1], None, ["photo"], start=1000)
    placing = _place(later, earlier=earlier)
    assert (placing.groups, placing.splits, placing.known) == (earlier.groups[:1], earlier.splits[:1], 1)


def test_a_later_span_needs_no_image_of_every_class_in_every_split(pairs):
    rng = np.random.default_rng(9)
    placing = _place(_images([_base(rng), _base(rng)], [0, 0], start=1000), earlier=pairs[0])
    assert placing.refused == {}


def test_some_images_with_a_split_and_others_without_are_refused():
    rng = np.random.default_rng(0)
    images = _images([_base(rng) for _ in range(4)], [0, 1, 0, 1], ["train", None, "test", None])
    with pytest.raises(BadInputError, match="a split for every image or for none, received 2 of 4"):
        _place(images)


def test_a_split_without_a_class_is_refused_and_so_is_one_that_dropping_empties():
    rng = np.random.default_rng(0)
    hashes = [_base(rng) for _ in range(6)]
    official = [split for split in SPLITS for _ in range(2)]
    _place(_images(hashes, [0, 1] * 3, official))
    with pytest.raises(
        BadInputError, match="real images in each of train, val, test, but val would hold none"
    ):
        _place(_images(hashes, [0, 1, 1, 1, 0, 1], official))
    torn = _images(
        [*hashes[:4], hashes[0], hashes[5], hashes[3], hashes[2]],
        [0, 1, 0, 1, 0, 1, 1, 0],
        [*official, "test", "test"],
    )
    _place(torn)
    with pytest.raises(BadInputError, match="real images in each of train, val, test, but train"):
        _place(torn, drop_leaks=True)


def test_no_images_are_placed_nowhere():
    assert _place(NO_IMAGES, earlier=_placed_few()).groups == []


def _placed_few():
    rng = np.random.default_rng(0)
    images = _images(
        [_base(rng) for _ in range(6)], [0, 1] * 3, [split for split in SPLITS for _ in range(2)]
    )
    return _placed(images, _place(images))
