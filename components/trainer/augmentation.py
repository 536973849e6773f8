"""Random changes of training images that leave their label alone."""

import math

import keras
import tensorflow as tf

from components import preprocessing
from components.settings import AugmentationSettings
from components.trainer.robustness import degrade


class Augmentation:
    """Flip, shift, rotation and zoom of a batch, and, if wanted, what an image's way through the world does to it.

    Keeps no state: the same pixels and seed give the same result, whatever ran before. Works eagerly and in tf.data.

    Example:
        >>> augmentation = Augmentation(AugmentationSettings())
        >>> batches.map(lambda seed, pixels: augmentation(pixels, seed), tf.data.AUTOTUNE)
    """

    def __init__(self, settings: AugmentationSettings):
        """Nothing is drawn yet.

        Args:
            settings: what changes, and by how much at most. Each image is mirrored with probability one half, moved
                up or down and sideways by up to `shift`, turned by up to `rotation_degrees` either way, and its
                height and its width are each scaled by up to `zoom` either way; what comes in from outside is the
                image reflected. For `robustness` see `degrade`.
        """
        self._settings = settings

    def __call__(self, pixels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Changes each image in its own way.

        Args:
            pixels: float32 `[N, S, S, 3]` in [0, 1].
            seed: int64 `[2]`.

        Returns:
            float32 `[N, S, S, 3]` in [0, 1].
        """
        settings = self._settings
        for_flip, for_shift, for_rotation, for_zoom, for_robustness = tf.unstack(tf.random.split(seed, 5))
        pixels = tf.convert_to_tensor(pixels)
        count = tf.shape(pixels)[0]
        if settings.horizontal_flip:
            mirrored = tf.random.stateless_uniform([count, 1, 1, 1], for_flip) < 0.5
            pixels = tf.where(mirrored, tf.reverse(pixels, axis=[2]), pixels)
        if settings.shift:
            farthest = round(settings.shift * pixels.shape[1])
            shifts = tf.random.stateless_uniform([count, 2], for_shift, -farthest, farthest + 1, tf.int32)
            pixels = shift(pixels, shifts)
        if settings.rotation_degrees or settings.zoom:
            largest = settings.rotation_degrees
            degrees = tf.random.stateless_uniform([count], for_rotation, -largest, largest)
            zooms = tf.random.stateless_uniform([count, 2], for_zoom, -settings.zoom, settings.zoom)
            pixels = rotate_and_zoom(pixels, degrees, zooms)
        if settings.robustness:
            pixels = degrade(pixels, for_robustness)
        return tf.clip_by_value(pixels, *preprocessing.VALUE_RANGE)


def shift(pixels: tf.Tensor, shifts: tf.Tensor) -> tf.Tensor:
    """Moves images by whole pixels; what comes in from outside is the image reflected.

    Args:
        pixels: float32 `[N, S, S, 3]`.
        shifts: int32 `[N, 2]`, less than S: pixels down and to the right.

    Returns:
        float32 `[N, S, S, 3]`.
    """
    last = pixels.shape[1] - 1
    places = tf.range(last + 1)[tf.newaxis, :, tf.newaxis] - shifts[:, tf.newaxis, :]
    reflected = last - tf.abs(last - tf.abs(places))
    rows, columns = reflected[..., 0], reflected[..., 1]
    return tf.gather(tf.gather(pixels, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def rotate_and_zoom(pixels: tf.Tensor, degrees: tf.Tensor, zooms: tf.Tensor) -> tf.Tensor:
    """Turns and scales images about their centre in one bilinear resampling; the outside is the image reflected.

    The angle and the zoom count as those of Keras' RandomRotation and RandomZoom.

    Args:
        pixels: float32 `[N, S, S, 3]`.
        degrees: float32 `[N]`, counter-clockwise.
        zooms: float32 `[N, 2]`, of height and width: 0.1 shows 1.1 times as much of the image, so shrinks it.

    Returns:
        float32 `[N, S, S, 3]`.
    """
    radians = degrees * (math.pi / 180.0)
    cosine, sine = tf.cos(radians), tf.sin(radians)
    height, width = 1.0 + zooms[:, 0], 1.0 + zooms[:, 1]
    # From a place in the result to the place in the image that it shows.
    xx, xy, yx, yy = cosine * width, -sine * height, sine * width, cosine * height
    centre = (tf.cast(tf.shape(pixels)[1], tf.float32) - 1.0) / 2.0
    zero = tf.zeros_like(radians)
    rows = [xx, xy, centre * (1.0 - xx - xy), yx, yy, centre * (1.0 - yx - yy), zero, zero]
    return keras.ops.image.affine_transform(
        pixels, tf.stack(rows, axis=1), interpolation="bilinear", fill_mode="reflect"
    )
