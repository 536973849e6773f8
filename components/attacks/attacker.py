"""Attacks images of 8 bits, as they are stored: what the attacks find is rounded, within the ball."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.attacks.ball import GREY_LEVELS, LogitsOf, to_8_bits
from components.attacks.fgsm import fgsm
from components.attacks.pgd import image_noise, pgd


class Attacker:
    """One model, attacked; traced once for each method, whatever batches come."""

    def __init__(self, logits_of: LogitsOf, size: int | None = None):
        """Traces nothing yet.

        Args:
            logits_of: the model.
            size: side of the images in pixels; None for any sizes.
        """
        images = tf.TensorSpec((None, size, size, 3), tf.uint8)
        labels, number = tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.float32)

        def by_fgsm(images: tf.Tensor, labels: tf.Tensor, epsilon: tf.Tensor) -> tf.Tensor:
            pixels = tf.cast(images, tf.float32) / GREY_LEVELS
            return to_8_bits(fgsm(logits_of, pixels, labels, epsilon), images, epsilon)

        def by_pgd(
            images: tf.Tensor, labels: tf.Tensor, epsilon: tf.Tensor, steps: tf.Tensor, seeds: tf.Tensor
        ) -> tf.Tensor:
            pixels = tf.cast(images, tf.float32) / GREY_LEVELS
            noise = tf.ensure_shape(image_noise(seeds, tf.shape(images)[1:]), images.shape)
            return to_8_bits(pgd(logits_of, pixels, labels, epsilon, steps, noise), images, epsilon)

        self._fgsm = tf.function(by_fgsm, [images, labels, number], autograph=False)
        self._pgd = tf.function(
            by_pgd,
            [images, labels, number, tf.TensorSpec((), tf.int32), tf.TensorSpec((None, 2), tf.int64)],
            autograph=False,
        )

    def fgsm(self, images: np.ndarray, labels: np.ndarray, epsilon: float) -> np.ndarray:
        """Attacks a batch in one step.

        Args:
            images: uint8 `[N, H, W, 3]`.
            labels: `[N]`, 0 real, 1 fake.
            epsilon: in grey levels, at least 1.

        Returns:
            uint8 `[N, H, W, 3]`, within `epsilon` of `images` in each value.
        """
        return self._fgsm(images, labels.astype(np.float32), epsilon).numpy()

    def pgd(
        self, images: np.ndarray, labels: np.ndarray, epsilon: float, steps: int, seeds: Sequence[int]
    ) -> np.ndarray:
        """Attacks a batch in many steps from a random start.

        Args:
            images: uint8 `[N, H, W, 3]`.
            labels: `[N]`, 0 real, 1 fake.
            epsilon: in grey levels, at least 1.
            steps: how many.
            seeds: one an image, from 0 to 2**63 - 1: what becomes of an image does not depend on its batch.

        Returns:
            uint8 `[N, H, W, 3]`, within `epsilon` of `images` in each value.
        """
        pairs = np.stack([np.asarray(seeds, np.int64), np.zeros(len(seeds), np.int64)], axis=1)
        return self._pgd(images, labels.astype(np.float32), epsilon, steps, pairs).numpy()
