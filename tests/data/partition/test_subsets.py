"""Subsets are exact, nested, whole in their groups, and as mixed as the whole."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import BadInputError
from data.partition import subsets
from data.partition.subsets import Subset, choose_subset

SMALL = (Subset("mini", 40, 0.5), Subset("middle", 90, 0.54), Subset("big", 160, 0.5), Subset("full"))


def _images(count, seed=0, spans=1, largest=4):
    """Columns of about ``count`` images: groups of up to ``largest``, some of both classes."""
    rng = random.Random(seed)  # noqa: S311
    rows = []
    while len(rows) < count:
        label, mixed = rng.randint(0, 1), rng.random() < 0.1
        split = rng.choices(["train", "val", "test"], [0.7, 0.15, 0.15])[0]
        source, name = rng.choice("ab"), f"{seed}-{len(rows)}"
        span = 1 + len(rows) * spans // count
        for _ in range(rng.randint(1, largest)):
            rows.append((name, rng.randint(0, 1) if mixed else label, split, source, span))
    return tuple(map(list, zip(*rows, strict=True)))


def _members(images, chosen):
    groups, *_, spans = images
    return [row for row, group in enumerate(groups) if group in chosen.groups and spans[row] <= chosen.span]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(subsets, "SUBSETS", SMALL)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(500, 900))
def test_exact_nested_and_whole(seed, count):
    images = _images(count, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subsets, "SUBSETS", SMALL)
        before = set()
        for subset in SMALL:
            rows = _members(images, choose_subset(subset.name, *images))
            labels = Counter(images[1][row] for row in rows)
            if subset.size:
                assert (labels[0], labels[1]) == subset.counts(subset.size)
            else:
                assert len(rows) == len(images[0])
            assert before <= set(rows)
            inside, outside = {images[0][row] for row in rows}, set(range(len(images[0]))) - set(rows)
            assert not inside & {images[0][row] for row in outside}
            before = set(rows)


def test_the_original_sizes():
    images = _images(14_000)
    for name, real, fake in (("mini", 534, 534), ("middle", 2979, 2538), ("big", 5500, 5500)):
        labels = Counter(images[1][row] for row in _members(images, choose_subset(name, *images)))
        assert labels == {0: real, 1: fake}


def test_splits_sources_and_sizes_of_groups_keep_their_shares(small):
    images = _images(2000)
    rows = _members(images, choose_subset("big", *images))
    for column in (2, 3):
        whole = Counter(images[column])
        taken = Counter(images[column][row] for row in rows)
        for value, number in whole.items():
            assert taken[value] / len(rows) == pytest.approx(number / len(images[0]), abs=0.03)
    sizes, taken = Counter(images[0]), Counter(Counter(images[0][row] for row in rows).values())
    assert all(taken[size] for size in set(sizes.values()))


def test_the_seed_draws_other_images_and_the_order_does_not_matter(small):
    images = _images(600)
    first = choose_subset("mini", *images)
    assert choose_subset("mini", *(column[::-1] for column in images)) == first
    assert choose_subset("mini", *images, seed=1) != first


def test_a_later_span_changes_nothing_that_an_earlier_one_sufficed_for(small):
    images = _images(900, spans=3)
    before = tuple(
        [value for value, span in zip(column, images[4], strict=True) if span == 1] for column in images
    )
    for name in ("mini", "middle"):
        assert choose_subset(name, *before) == choose_subset(name, *images)
    later = choose_subset("big", *_images(300, spans=3))
    assert later.span > 1


def test_too_few_images_name_the_largest_size_there_can_be(small):
    groups = [str(number) for number in range(50)]
    images = (groups, [0] * 15 + [1] * 35, ["train"] * 50, ["a"] * 50, [1] * 50)
    with pytest.raises(BadInputError) as caught:
        choose_subset("mini", *images)
    message = str(caught.value)
    assert (
        "Expected 20 real and 20 fake images for the subset 'mini', received 15 and 35 in 50 groups"
        in message
    )
    # For 31 images, 15.5 reals are rounded to 16.
    assert "With 50% real ones, 30 images are the most" in message


def test_groups_that_do_not_add_up_are_no_subset(small):
    # Groups of three reals: no number of them is 20. With 18 of them there are 18 or 19 fakes.
    groups = [str(number // 3) for number in range(60)] + [f"f{number}" for number in range(60)]
    images = (groups, [0] * 60 + [1] * 60, ["train"] * 120, ["a"] * 120, [1] * 120)
    with pytest.raises(BadInputError, match="37 images are the most there can be"):
        choose_subset("mini", *images)


def test_full_is_everything_however_little_that_is(small):
    images = _images(30)
    assert _members(images, choose_subset("full", *images)) == list(range(len(images[0])))


def test_an_unknown_subset_is_named():
    with pytest.raises(BadInputError, match="out of mini, middle, big, full, received 'huge'"):
        choose_subset("huge", *_images(10))
