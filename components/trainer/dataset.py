"""tf.data over the records that Transform wrote."""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components import preprocessing
from components.trainer.augmentation import Augmentation
from components.transform import IMAGE_PNG, LABEL, pixels_from_png

_CACHE_LIMIT_BYTES = 2 * 1024**3
_FEATURES = {
    IMAGE_PNG: tf.io.FixedLenFeature([], tf.string),
    LABEL: tf.io.FixedLenFeature([], tf.int64),
}


class TransformedSplit:
    """One split of the transformed records, as batches of pixels in [0, 1] and labels."""

    def __init__(self, files: Sequence[str], image_size: int, batch_size: int):
        """Reads the labels once, to know the size and the balance of the split.

        Args:
            files: gzip TFRecord files.
            image_size: side of the images, in pixels.
            batch_size: images a batch.

        Raises:
            ValueError: when the files hold no record.
        """
        self._files = sorted(files)
        self._image_size = image_size
        self._batch_size = batch_size
        batches = [batch[LABEL].numpy() for batch in self._records().batch(1024).map(self._parse)]
        if not batches:
            raise ValueError(f"Expected records in {self._files}, found none.")
        self.labels = np.concatenate(batches)
        """int64 `[N]`, 0 real, 1 fake, in the order of `batches`."""

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
        images = next(iter(self._records().batch(count).map(self._parse)))[IMAGE_PNG].numpy().tolist()
        repeated = -(-smallest // self._image_size)
        if repeated == 1:
            return images
        pixels = (tf.io.decode_png(image) for image in images)
        enlarged = (tf.repeat(tf.repeat(one, repeated, axis=0), repeated, axis=1) for one in pixels)
        return [tf.io.encode_png(one).numpy() for one in enlarged]

    def batches(self) -> tf.data.Dataset:
        """In file order: float32 `[n, S, S, 3]` in [0, 1] and float32 labels `[n, 1]`."""
        dataset = self._decoded().map(self._normalised, num_parallel_calls=tf.data.AUTOTUNE)
        return self._counted(dataset).prefetch(2)

    def training_batches(self, seed: int, augmentation: Augmentation | None) -> tf.data.Dataset:
        """Like `batches`, shuffled anew each epoch (the same way under one seed) and augmented."""
        decoded = self._decoded().unbatch()
        if len(self.labels) * self._image_size**2 * 3 <= _CACHE_LIMIT_BYTES:
            decoded = decoded.cache()
        shuffled = decoded.shuffle(min(len(self.labels), 4096), seed=seed).batch(self._batch_size)
        dataset = shuffled.map(self._normalised, num_parallel_calls=tf.data.AUTOTUNE)
        if augmentation is not None:
            # Not in parallel: the random state of the layers would be drawn in another order each time.
            dataset = dataset.map(lambda pixels, labels: (augmentation(pixels), labels))
        return self._counted(dataset).prefetch(2)

    def _counted(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Tells Keras the number of batches, which it otherwise learns by running out of them, with a warning."""
        return batches.apply(
            tf.data.experimental.assert_cardinality(math.ceil(len(self.labels) / self._batch_size))
        )

    def _records(self) -> tf.data.Dataset:
        return tf.data.TFRecordDataset(self._files, compression_type="GZIP")

    @staticmethod
    def _parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        return tf.io.parse_example(serialized, _FEATURES)

    def _decoded(self) -> tf.data.Dataset:
        def decode(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            features = self._parse(serialized)
            return pixels_from_png(features[IMAGE_PNG], self._image_size), features[LABEL]

        return self._records().batch(self._batch_size).map(decode, num_parallel_calls=tf.data.AUTOTUNE)

    @staticmethod
    def _normalised(pixels: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return preprocessing.normalise(pixels), tf.cast(labels[:, tf.newaxis], tf.float32)
