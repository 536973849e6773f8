"""Order and draws follow from seed and epoch, and from nothing else."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.trainer.epoch_order import EpochSeeds, shuffled_batches, stage_seed

COUNT, SIZE, STEPS = 21, 8, 3


def _all(seed: int, epoch: tf.Tensor) -> tf.Tensor:
    return tf.range(COUNT, dtype=tf.int64)


def _epochs(seed: int, epochs: int, first: int = 0) -> list[list]:
    batches = shuffled_batches(_all, SIZE, seed, first).take(STEPS * epochs).as_numpy_iterator()
    return [list(itertools.islice(batches, STEPS)) for _ in range(epochs)]


def _order(epoch: list) -> list[int]:
    return np.concatenate([batch.indices for batch in epoch]).tolist()


def test_each_epoch_is_another_permutation():
    epochs = _epochs(7, 3)
    for number, epoch in enumerate(epochs):
        assert sorted(_order(epoch)) == list(range(COUNT))
        assert [len(batch.indices) for batch in epoch] == [8, 8, 5]
        assert {int(batch.epoch) for batch in epoch} == {number}
    assert len({tuple(_order(epoch)) for epoch in epochs}) == 3


def test_no_two_batches_share_a_seed():
    seeds = [tuple(batch.seed) for seed in (7, 8) for epoch in _epochs(seed, 3) for batch in epoch]
    assert len(set(seeds)) == len(seeds) == 2 * 3 * STEPS


def test_a_later_start_goes_on_as_if_nothing_had_been():
    whole, rest = _epochs(7, 4), _epochs(7, 2, first=2)
    for expected, epoch in zip(whole[2:], rest, strict=True):
        for batches in zip(expected, epoch, strict=True):
            for one, other in zip(*batches, strict=True):
                np.testing.assert_array_equal(one, other)


def test_a_stage_has_a_seed_of_its_own():
    seeds = [stage_seed(seed, stage) for seed in (1, 2) for stage in ("frozen", "all")]
    assert len(set(seeds)) == 4
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert stage_seed(1, "all") == seeds[1]


@pytest.fixture
def dropping() -> keras.Model:
    """A model with two random layers, one of them in a model inside it."""
    inner = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5, seed=1)])
    pixels = keras.Input((50,))
    return keras.Model(pixels, keras.layers.Dropout(0.5, seed=2)(inner(pixels)))


def test_dropout_of_an_epoch_does_not_depend_on_what_was_drawn_before(dropping):
    ones = np.ones((4, 50), np.float32)
    seeds = EpochSeeds(3)
    seeds.set_model(dropping)

    def draws(epoch, before=0):
        for _ in range(before):
            dropping(ones, training=True)
        seeds.on_epoch_begin(epoch)
        return [np.array(dropping(ones, training=True)) for _ in range(2)]

    first = draws(1)
    for one, other in zip(first, draws(1, before=5), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(*first)
    assert not np.array_equal(first[0], draws(2)[0])


def test_layers_are_not_seeded_alike(dropping):
    seeds = EpochSeeds(3)
    seeds.set_model(dropping)
    seeds.on_epoch_begin(0)
    states = [
        tuple(np.array(layer.seed_generator.state))
        for layer in (dropping.layers[1].layers[0], dropping.layers[2])
    ]
    assert len(set(states)) == 2
