"""Groups never part, shares are met, and the deal depends on nothing but groups, labels and seed."""

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.errors import BadInputError
from data.example import SPLITS
from data.partition.splits import DEFAULT_SHARES, assign_splits, check_every_class

shares = st.sampled_from(
    [DEFAULT_SHARES, {"train": 0.8, "val": 0.1, "test": 0.1}, {"train": 0.5, "val": 0.2, "test": 0.3}]
)


@st.composite
def image_sets(draw):
    """Groups and labels of 200 to 1,100 images: mostly singles, some groups of up to 8, a few of both labels."""
    count = draw(st.integers(200, 1100))
    fake_share = draw(st.floats(0.3, 0.7))
    rng = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311
    groups, labels = [], []
    while len(groups) < count:
        size = rng.choice([1, 1, 1, 1, 2, 3, rng.randint(1, 8)])
        label, mixed = int(rng.random() < fake_share), rng.random() < 0.03
        groups.extend([f"group {len(groups)}"] * size)
        labels.extend(rng.randint(0, 1) if mixed else label for _ in range(size))
    # With few groups the sizes of two make up a whole share.
    assume(
        all(len({g for g, own in zip(groups, labels, strict=True) if own == label}) > 20 for label in (0, 1))
    )
    return groups, labels


@settings(deadline=None, max_examples=60)
@given(image_sets(), shares, st.integers(0, 5))
def test_groups_stay_whole_and_shares_are_met(images, wanted, seed):
    groups, labels = images
    splits = assign_splits(groups, labels, wanted, seed)
    splits_of = defaultdict(set)
    for group, split in zip(groups, splits, strict=True):
        splits_of[group].add(split)
    assert all(len(found) == 1 for found in splits_of.values())
    largest = max(Counter(groups).values())
    for label in (0, 1):
        total = labels.count(label)
        for split in SPLITS:
            count = sum(s == split and own == label for s, own in zip(splits, labels, strict=True))
            assert abs(count - wanted[split] * total) <= largest


@settings(deadline=None, max_examples=30)
@given(image_sets(), st.randoms(use_true_random=False))
def test_the_order_of_the_images_does_not_matter(images, rng):
    groups, labels = images
    rows = list(zip(groups, labels, strict=True))
    before = dict(zip(groups, assign_splits(groups, labels), strict=True))
    rng.shuffle(rows)
    shuffled_groups, shuffled_labels = zip(*rows, strict=True)
    after = dict(zip(shuffled_groups, assign_splits(shuffled_groups, shuffled_labels), strict=True))
    assert before == after


def test_single_images_meet_the_shares_to_the_image():
    groups, labels = [f"{n}" for n in range(1068)], [n % 2 for n in range(1068)]
    splits = assign_splits(groups, labels)
    counts = Counter(zip(splits, labels, strict=True))
    assert counts == {
        (split, label): n for split, n in (("train", 374), ("val", 80), ("test", 80)) for label in (0, 1)
    }


def test_the_seed_draws_another_deal():
    groups, labels = [f"{n}" for n in range(100)], [n % 2 for n in range(100)]
    assert assign_splits(groups, labels, seed=0) == assign_splits(groups, labels, seed=0)
    assert assign_splits(groups, labels, seed=0) != assign_splits(groups, labels, seed=1)


def test_too_few_groups_of_a_class_are_named():
    groups = [f"{n}" for n in range(40)] + ["one scene"] * 30
    labels = [0] * 40 + [1] * 30
    splits = assign_splits(groups, labels)
    with pytest.raises(BadInputError, match="30 usable fake images in 1 groups") as caught:
        check_every_class(splits, labels, groups)
    assert "val and test would hold none" in str(caught.value)
    assert "Add fake images of other scenes" in str(caught.value)


def test_a_class_in_every_split_is_enough():
    check_every_class(["train", "val", "test"] * 2, [0, 0, 0, 1, 1, 1], list("abcdef"))
    with pytest.raises(BadInputError, match=r"Expected real images in each of .* but test would hold none"):
        check_every_class(
            ["train", "val", "train", "train", "val", "test"], [0, 0, 0, 1, 1, 1], list("abcdef")
        )


def test_nothing_is_dealt_to_nobody():
    assert assign_splits([], []) == []


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"train": 0.8, "val": 0.1, "test": 0.2}, "add up to 1"),
        ({"train": 1.0, "val": 0.0, "test": 0.0}, "positive share"),
        ({"train": 0.8, "val": 0.2}, "positive share for each of train, val, test"),
    ],
)
def test_wrong_shares_are_named(wanted, message):
    with pytest.raises(BadInputError, match=message):
        assign_splits(["a"], [0], wanted)
