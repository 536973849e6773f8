"""tf.data over the records that Transform wrote."""

import functools
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components import preprocessing
from components.hardware_plan import shared_batch_size
from components.trainer.augmentation import Augmentation
from components.trainer.epoch_order import Batch, batch_seed, epoch_seed, shuffled_batches
from components.transform import IMAGE_PNG, LABEL, pixels_from_png

_FILES_AT_ONCE = 16
_SHUFFLED_RECORDS = 4096
_FEATURES = {
    IMAGE_PNG: tf.io.FixedLenFeature([], tf.string),
    LABEL: tf.io.FixedLenFeature([], tf.int64),
}


class TransformedSplit:
    """One split of the transformed records, as batches of pixels in [0, 1] and labels."""

    def __init__(self, files: Sequence[str], image_size: int, batch_size: int, devices: int = 1):
        """Reads the labels once, to know the size and the balance of the split.

        Args:
            files: gzip TFRecord files.
            image_size: side of the images, in pixels.
            batch_size: images a batch, at most.
            devices: how many share a batch.

        Raises:
            HardwareError: when the devices cannot share the batches.
            ValueError: when the files hold no record.
        """
        self._files = sorted(files)
        self._image_size = image_size
        batches = [batch[LABEL].numpy() for batch in _records(self._files).batch(1024).map(_parse)]
        if not batches:
            raise ValueError(f"Expected records in {self._files}, found none.")
        self.labels = np.concatenate(batches)
        """int64 `[N]`, 0 real, 1 fake, in the order of `batches`."""
        self.batch_size = shared_batch_size(len(self.labels), batch_size, devices)
        """Images a batch: the largest with which every device has some of each batch."""

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return math.ceil(len(self.labels) / self.batch_size)

    def class_weight(self) -> dict[int, float]:
        """Weights that make both classes count alike: N / (2 N_class), as scikit-learn's "balanced".

        Raises:
            ValueError: when a class is missing.
        """
        counts = np.bincount(self.labels, minlength=2)
        if not counts.all():
            raise ValueError(
                f"Expected real and fake images to train on, received {counts[0]} real and {counts[1]} fake."
            )
        return {label: len(self.labels) / (2.0 * count) for label, count in enumerate(counts)}

    def first_images(self, count: int, smallest: int) -> list[bytes]:
        """The first images as PNG, at most `count`, their pixels repeated where a side has less than `smallest`."""
        images = next(iter(_records(self._files).batch(count).map(_parse)))[IMAGE_PNG].numpy().tolist()
        repeated = -(-smallest // self._image_size)
        if repeated == 1:
            return images
        pixels = (tf.io.decode_png(image) for image in images)
        enlarged = (tf.repeat(tf.repeat(one, repeated, axis=0), repeated, axis=1) for one in pixels)
        return [tf.io.encode_png(one).numpy() for one in enlarged]

    def batches(self) -> tf.data.Dataset:
        """In file order: float32 `[n, S, S, 3]` in [0, 1] and float32 labels `[n, 1]`."""
        decoded = _records(self._files).batch(self.batch_size).map(self._decode, tf.data.AUTOTUNE)
        # Keras otherwise learns the number of batches by running out of them, with a warning.
        counted = decoded.map(_normalised, tf.data.AUTOTUNE).apply(
            tf.data.experimental.assert_cardinality(self.steps)
        )
        return counted.prefetch(tf.data.AUTOTUNE)

    def training_batches(
        self, seed: int, augmentation: Augmentation | None, first_epoch: int = 0, cache_gb: float = 0.0
    ) -> tf.data.Dataset:
        """Endless epochs of `steps` batches like those of `batches`, each shuffled and augmented in its own way.

        What an epoch holds follows from `seed` and the number of the epoch alone.

        Args:
            seed: of the stage.
            augmentation: None for the images as they are.
            first_epoch: where to begin, from 0.
            cache_gb: images are decoded once and stay in memory when they take no more than this; otherwise each
                epoch reads them again, and shuffles a few thousand at a time.
        """
        if len(self.labels) * self._image_size**2 * 3 <= cache_gb * 1e9:
            batches = self._from_memory(seed, first_epoch)
        else:
            batches = self._from_files(seed, first_epoch)

        def finish(drawn: tf.Tensor, pixels: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            pixels, labels = _normalised(pixels, labels)
            return pixels if augmentation is None else augmentation(pixels, drawn), labels

        return batches.map(finish, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def _from_memory(self, seed: int, first_epoch: int) -> tf.data.Dataset:
        pixels, labels = self._pixels, tf.constant(self.labels)

        def gather(batch: Batch) -> tuple[tf.Tensor, ...]:
            return batch.seed, tf.gather(pixels, batch.indices), tf.gather(labels, batch.indices)

        order = shuffled_batches(len(self.labels), self.batch_size, seed, first_epoch)
        return order.map(gather, tf.data.AUTOTUNE)

    @functools.cached_property
    def _pixels(self) -> tf.Tensor:
        """All images, in the memory of the processor."""
        pixels = np.empty((len(self.labels), self._image_size, self._image_size, 3), np.uint8)
        decoded = _records(self._files).batch(self.batch_size).map(self._decode, tf.data.AUTOTUNE)
        for number, (batch, _) in enumerate(decoded):
            pixels[number * self.batch_size :][: len(batch)] = batch
        with tf.device("CPU:0"):
            return tf.constant(pixels)

    def _from_files(self, seed: int, first_epoch: int) -> tf.data.Dataset:
        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            drawn = epoch_seed(seed, epoch)
            batches = _shuffled_records(self._files, drawn).batch(self.batch_size).enumerate()
            return batches.map(lambda step, serialized: (batch_seed(seed, epoch, step), serialized))

        def decode(drawn: tf.Tensor, serialized: tf.Tensor) -> tuple[tf.Tensor, ...]:
            return drawn, *self._decode(serialized)

        return tf.data.Dataset.counter(first_epoch).flat_map(one_epoch).map(decode, tf.data.AUTOTUNE)

    def _decode(self, serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features = _parse(serialized)
        return pixels_from_png(features[IMAGE_PNG], self._image_size), features[LABEL]


def _records(files: Sequence[str] | tf.Tensor) -> tf.data.Dataset:
    """Serialized examples, from many files at once, always in the same order."""
    return tf.data.Dataset.from_tensor_slices(tf.convert_to_tensor(files, tf.string)).interleave(
        lambda file: tf.data.TFRecordDataset(file, compression_type="GZIP"),
        cycle_length=_FILES_AT_ONCE,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )


def _shuffled_records(files: Sequence[str], seed: tf.Tensor) -> tf.data.Dataset:
    """Serialized examples in an order that follows from the seed: files in random order, then block by block.

    Not by `Dataset.shuffle`, whose seed also depends on TensorFlow's global one, and fails where that is 0.

    Args:
        files: paths.
        seed: int64 `[2]`.
    """
    records = _records(tf.random.experimental.stateless_shuffle(tf.constant(files), tf.cast(seed, tf.int32)))
    # A first block of random size, so that the blocks are not the same in each epoch.
    first = tf.random.stateless_uniform([], seed, 1, _SHUFFLED_RECORDS + 1, tf.int64)
    blocks = (
        records.take(first).batch(_SHUFFLED_RECORDS).concatenate(records.skip(first).batch(_SHUFFLED_RECORDS))
    )

    def shuffled(number: tf.Tensor, block: tf.Tensor) -> tf.data.Dataset:
        drawn = tf.cast(tf.random.fold_in(seed, number), tf.int32)
        return tf.data.Dataset.from_tensor_slices(tf.random.experimental.stateless_shuffle(block, drawn))

    return blocks.prefetch(1).enumerate().flat_map(shuffled)


def _parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    return tf.io.parse_example(serialized, _FEATURES)


def _normalised(pixels: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return preprocessing.normalise(pixels), tf.cast(labels[:, tf.newaxis], tf.float32)
