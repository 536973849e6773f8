"""tf.data over the records that Transform wrote."""

import copy
import math
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from components import preprocessing
from components.hardware_plan import shared_batch_size
from components.trainer.augmentation import Augmentation
from components.trainer.epoch_order import Batch, batch_seed, epoch_seed, shuffled_batches
from components.trainer.mixture import chosen_from, mixture_of
from components.trainer.record_streams import mixed_in, records_of, shuffled_records
from components.transform import IMAGE_PNG, LABEL, SYNTHETIC, pixels_from_png

_FEATURES = {
    IMAGE_PNG: tf.io.FixedLenFeature([], tf.string),
    LABEL: tf.io.FixedLenFeature([], tf.int64),
    # Records of an older Transform know of no synthetic images.
    SYNTHETIC: tf.io.FixedLenFeature([], tf.string, default_value=""),
}


class TransformedSplit:
    """One split of the transformed records, as batches of pixels in [0, 1] and labels.

    Of synthetic images it has none, unless `with_synthetic` mixes them in.
    """

    def __init__(self, files: Sequence[str], image_size: int, batch_size: int, devices: int = 1):
        """Reads labels and makers once, to know the size and the balance of the split.

        Args:
            files: gzip TFRecord files.
            image_size: side of the images, in pixels.
            batch_size: images a batch, at most.
            devices: how many share a batch.

        Raises:
            HardwareError: when the devices cannot share the batches.
            ValueError: when the files hold no record, or synthetic images alone.
        """
        self._files = sorted(files)
        self._image_size = image_size
        self._wanted_batch_size, self._devices = batch_size, devices
        found = [
            (batch[LABEL].numpy(), np.char.decode(batch[SYNTHETIC].numpy().astype(bytes), "utf-8", "replace"))
            for batch in records_of(self._files).batch(1024).map(_parse)
        ]
        if not found:
            raise ValueError(f"Expected records in {self._files}, found none.")
        labels, makers = (np.concatenate(part) for part in zip(*found, strict=True))
        if not (makers == "").any():
            raise ValueError(
                f"Expected originals in {self._files}, found {len(makers):,} synthetic images alone."
            )
        self._all_labels, self._all_makers = labels, makers
        self._decoded: dict[tuple[str, ...], tf.Tensor] = {}
        self._choose({})

    def with_synthetic(self, shares: Mapping[str, float]) -> "TransformedSplit":
        """The same split, whose epochs have these shares of synthetic images besides every original once.

        Its `labels` and `batches` are of all images that its epochs draw from.

        Args:
            shares: of an epoch's images, in (0, 1) and together below 1, by maker.

        Raises:
            BadInputError: the split has no image of a maker.
            HardwareError: when the devices cannot share the batches.
        """
        if not shares:
            return self
        # It shares what is decoded.
        other = copy.copy(self)
        other._choose(shares)
        return other

    def _choose(self, shares: Mapping[str, float]) -> None:
        self.mixture = mixture_of(self._all_makers, shares)
        """What an epoch is made of."""
        chosen = chosen_from(self._all_makers, shares)
        self.labels = self._all_labels[chosen]
        """int64 `[N]`, 0 real, 1 fake, in the order of `batches`."""
        self.batch_size = shared_batch_size(self.mixture.size, self._wanted_batch_size, self._devices)
        """Images a batch: the largest with which every device has some of each batch."""
        self._read_size = shared_batch_size(len(self.labels), self._wanted_batch_size, self._devices)
        self._makers = None if chosen.all() else ("", *sorted(shares))
        self._all_original = bool((self._all_makers == "").all())

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return math.ceil(self.mixture.size / self.batch_size)

    def class_weight(self) -> dict[int, float]:
        """Weights that make both classes of an epoch count alike: N / (2 N_class), as scikit-learn's "balanced".

        Raises:
            ValueError: when a class is missing.
        """
        counts = self.mixture.class_counts(self.labels)
        if not counts.all():
            raise ValueError(
                f"Expected real and fake images to train on, received {counts[0]:.0f} real and {counts[1]:.0f} fake."
            )
        return {label: self.mixture.size / (2.0 * count) for label, count in enumerate(counts.tolist())}

    def first_images(self, count: int, smallest: int) -> list[bytes]:
        """The first images as PNG, at most `count`, their pixels repeated where a side has less than `smallest`."""
        images = next(iter(self._records().batch(count).map(_parse)))[IMAGE_PNG].numpy().tolist()
        repeated = -(-smallest // self._image_size)
        if repeated == 1:
            return images
        pixels = (tf.io.decode_png(image) for image in images)
        enlarged = (tf.repeat(tf.repeat(one, repeated, axis=0), repeated, axis=1) for one in pixels)
        return [tf.io.encode_png(one).numpy() for one in enlarged]

    def batches(self) -> tf.data.Dataset:
        """In file order: float32 `[n, S, S, 3]` in [0, 1] and float32 labels `[n, 1]`."""
        decoded = self._records().batch(self._read_size).map(self._decode, tf.data.AUTOTUNE)
        # Keras otherwise learns the number of batches by running out of them, with a warning.
        counted = decoded.map(_normalised, tf.data.AUTOTUNE).apply(
            tf.data.experimental.assert_cardinality(math.ceil(len(self.labels) / self._read_size))
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
        pixels, labels = self._pixels(), tf.constant(self.labels)

        def gather(batch: Batch) -> tuple[tf.Tensor, ...]:
            return batch.seed, tf.gather(pixels, batch.indices), tf.gather(labels, batch.indices)

        order = shuffled_batches(self.mixture.epoch, self.batch_size, seed, first_epoch)
        return order.map(gather, tf.data.AUTOTUNE)

    def _pixels(self) -> tf.Tensor:
        """All images of the mixture, in the memory of the processor; they stay until others are wanted."""
        if self._makers not in self._decoded:
            self._decoded.clear()
            pixels = np.empty((len(self.labels), self._image_size, self._image_size, 3), np.uint8)
            decoded = self._records().batch(self._read_size).map(self._decode, tf.data.AUTOTUNE)
            for number, (batch, _) in enumerate(decoded):
                pixels[number * self._read_size :][: len(batch)] = batch
            with tf.device("CPU:0"):
                self._decoded[self._makers] = tf.constant(pixels)
        return self._decoded[self._makers]

    def _from_files(self, seed: int, first_epoch: int) -> tf.data.Dataset:
        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            batches = self._epoch_of_records(seed, epoch).batch(self.batch_size).enumerate()
            return batches.map(lambda step, serialized: (batch_seed(seed, epoch, step), serialized))

        def decode(drawn: tf.Tensor, serialized: tf.Tensor) -> tuple[tf.Tensor, ...]:
            return drawn, *self._decode(serialized)

        return tf.data.Dataset.counter(first_epoch).flat_map(one_epoch).map(decode, tf.data.AUTOTUNE)

    def _epoch_of_records(self, seed: int, epoch: tf.Tensor) -> tf.data.Dataset:
        drawn = epoch_seed(seed, epoch)
        originals = shuffled_records(self._files, drawn, None if self._all_original else [""])
        if not self.mixture.parts:
            return originals
        times = tf.math.bincount(self.mixture.drawn(seed, epoch), minlength=len(self.labels), dtype=tf.int64)
        return mixed_in(originals, len(self.mixture.originals), self._records(), times, drawn)

    def _records(self) -> tf.data.Dataset:
        return records_of(self._files, self._makers)

    def _decode(self, serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features = _parse(serialized)
        return pixels_from_png(features[IMAGE_PNG], self._image_size), features[LABEL]


def _parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    return tf.io.parse_example(serialized, _FEATURES)


def _normalised(pixels: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return preprocessing.normalise(pixels), tf.cast(labels[:, tf.newaxis], tf.float32)
