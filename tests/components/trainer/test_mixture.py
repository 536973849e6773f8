"""Draws of synthetic images: shares hold, all are used before one is used twice, an epoch is known by its number."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.mixture import Mixture, Part, mixture_of
from data.errors import BadInputError


def _draws(part: Part, epochs: int, seed: int = 7, first: int = 0) -> list[list[int]]:
    numbers = range(first, first + epochs)
    return [part.drawn(seed, tf.constant(number, tf.int64)).numpy().tolist() for number in numbers]


@pytest.mark.parametrize(("images", "count"), [(10, 4), (10, 10), (7, 3), (3, 8), (1, 1), (5, 1), (1, 3)])
def test_all_of_a_maker_are_used_before_any_is_used_again(images, count):
    part = Part("blend", np.arange(100, 100 + images), count)
    epochs = _draws(part, 12)
    assert {len(one) for one in epochs} == {count}
    together = [position for epoch in epochs for position in epoch]
    rounds = [together[start : start + images] for start in range(0, len(together), images)]
    for one in rounds[:-1]:
        assert sorted(one) == list(range(100, 100 + images))
    assert len(set(rounds[-1])) == len(rounds[-1])
    if images > 3:
        assert len({tuple(one) for one in rounds}) > 1


def test_an_epoch_does_not_depend_on_those_before_and_a_maker_not_on_the_others():
    part = Part("blend", np.arange(9), 4)
    whole = _draws(part, 8)
    assert _draws(part, 2, first=6) == whole[6:]
    assert _draws(part, 8, seed=8) != whole
    assert _draws(part._replace(maker="control"), 8) != whole
    both = Mixture(np.arange(0), (Part("control", np.arange(50, 60), 2), part))
    assert [both.drawn(7, tf.constant(epoch, tf.int64)).numpy()[2:].tolist() for epoch in range(8)] == whole


def test_no_synthetic_image_is_drawn_where_none_is_wanted():
    assert Mixture(np.arange(3)).epoch(7, tf.constant(2, tf.int64)).numpy().tolist() == [0, 1, 2]
    assert Part("blend", np.arange(4), 0).drawn(7, tf.constant(2, tf.int64)).shape == (0,)


@pytest.mark.parametrize("shares", [{"blend": 0.25}, {"blend": 0.25, "control": 0.05}, {"control": 0.9}])
def test_synthetic_images_have_their_shares_of_an_epoch(shares):
    makers = np.array([*[""] * 748, *["blend"] * 300, *["control"] * 20])
    mixture = mixture_of(makers, shares)
    positions = mixture.epoch(7, tf.constant(3, tf.int64)).numpy()
    kept = makers[np.isin(makers, ["", *shares])]
    counts = Counter(kept[positions].tolist())
    assert counts[""] == 748
    assert sorted(positions[kept[positions] == ""]) == list(np.flatnonzero(kept == ""))
    for maker, share in shares.items():
        assert counts[maker] / len(positions) == pytest.approx(share, abs=0.5 / 748)
    assert mixture.size == len(positions)


def test_the_order_in_which_shares_are_written_changes_nothing():
    makers = np.array([*[""] * 20, *["blend"] * 6, *["control"] * 4])
    one, other = (
        mixture_of(makers, shares)
        for shares in ({"control": 0.1, "blend": 0.2}, {"blend": 0.2, "control": 0.1})
    )
    epoch = tf.constant(1, tf.int64)
    np.testing.assert_array_equal(one.epoch(7, epoch), other.epoch(7, epoch))
    assert str(one) == str(other)


def test_it_says_what_an_epoch_is_made_of():
    makers = np.array([*[""] * 748, "blend", "control"])
    said = str(mixture_of(makers, {"blend": 0.25}))
    assert said == "748 originals and 249 blend"
    assert str(mixture_of(makers, {})) == "748 originals"
    assert (
        str(mixture_of(makers, {"blend": 0.2, "control": 0.05})) == "748 originals and 199 blend, 50 control"
    )


def test_a_maker_without_images_is_an_error_that_says_what_there_is():
    makers = np.array([*[""] * 5, *["control"] * 3])
    with pytest.raises(
        BadInputError, match=r"maker blend in .* found control \(3\); make some .* --maker blend`"
    ):
        mixture_of(makers, {"blend": 0.1, "control": 0.1})
    with pytest.raises(BadInputError, match="found no synthetic image"):
        mixture_of(makers[:5], {"blend": 0.1})


def test_classes_are_counted_as_the_epochs_have_them_in_the_mean():
    labels = np.array([0, 0, 0, 1, 1, 0, 1, 1])
    mixture = Mixture(np.arange(4), (Part("blend", np.array([4]), 2), Part("noise", np.array([5, 6, 7]), 2)))
    counts = [
        np.bincount(labels[mixture.epoch(7, tf.constant(epoch, tf.int64)).numpy()], minlength=2)
        for epoch in range(3)
    ]
    np.testing.assert_allclose(mixture.class_counts(labels), np.mean(counts, axis=0))
