"""In which order an epoch sees the images, and every other draw of an epoch: all of it follows from seed and epoch.

A resumed training thereby goes on as if it had never been killed, which an order or a draw that depends on what ran
before in the same process could not.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

_SHUFFLE, _BATCH = 1, 2


class Batch(NamedTuple):
    """Which images make a batch.

    Attributes:
        seed: int64 `[2]`, differs from batch to batch and from epoch to epoch.
        epoch: int64 scalar, from 0.
        indices: int64 `[n]`.
    """

    seed: tf.Tensor
    epoch: tf.Tensor
    indices: tf.Tensor


def stage_seed(seed: int, stage: str) -> int:
    """A seed of its own for each stage, below 2^31: stages must not repeat each other's draws."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{stage}".encode()).digest()[:4], "big") >> 1


def epoch_seed(seed: int, epoch: tf.Tensor) -> tf.Tensor:
    """int64 `[2]` to shuffle with.

    Args:
        seed: of the stage.
        epoch: int64 scalar, from 0.
    """
    return tf.random.fold_in(tf.stack([tf.constant(seed, tf.int64), epoch]), _SHUFFLE)


def batch_seed(seed: int, epoch: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """int64 `[2]` for the random changes of a batch.

    Args:
        seed: of the stage.
        epoch: int64 scalar, from 0.
        step: int64 scalar, from 0 in each epoch.
    """
    return tf.random.fold_in(tf.random.fold_in(tf.stack([tf.constant(seed, tf.int64), epoch]), _BATCH), step)


def shuffled_batches(
    images: Callable[[int, tf.Tensor], tf.Tensor], batch_size: int, seed: int, first_epoch: int
) -> tf.data.Dataset:
    """Endless epochs of `Batch`es, each a permutation of its images.

    Args:
        images: which an epoch has, int64 `[N]` by the seed and the number of the epoch, such as `Mixture.epoch`.
        batch_size: images a batch; the last of an epoch may have fewer.
        seed: of the stage.
        first_epoch: where to begin, from 0.
    """

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(
            images(seed, epoch), tf.cast(epoch_seed(seed, epoch), tf.int32)
        )
        batches = tf.data.Dataset.from_tensor_slices(order).batch(batch_size).enumerate()
        return batches.map(lambda step, indices: Batch(batch_seed(seed, epoch, step), epoch, indices))

    return tf.data.Dataset.counter(first_epoch).flat_map(one_epoch)


class EpochSeeds(keras.callbacks.Callback):
    """Gives every random layer (dropout, stochastic depth) its own seed at the start of each epoch."""

    def __init__(self, seed: int):
        """Seeds nothing yet.

        Args:
            seed: of the stage.
        """
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Called by Keras."""
        for position, layer in enumerate(_layers(self.model)):
            if (generator := getattr(layer, "seed_generator", None)) is not None:
                drawn = np.random.SeedSequence([self._seed, epoch, position]).generate_state(2)
                generator.state.assign(drawn.astype(generator.state.dtype))


def _layers(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers, those of nested models included, in a fixed order."""
    found: list[keras.layers.Layer] = []
    for layer in model.layers:
        found.extend(_layers(layer) if isinstance(layer, keras.Model) else [layer])
    return found
