"""Random changes of training images that leave their label alone."""

import keras
import tensorflow as tf

from components import preprocessing
from components.settings import AugmentationSettings


class Augmentation:
    """Flip, rotation and zoom of a batch, by Keras' preprocessing layers."""

    def __init__(self, settings: AugmentationSettings, seed: int):
        degrees = settings.rotation_degrees
        layers: list[keras.layers.Layer] = []
        if settings.horizontal_flip:
            layers.append(keras.layers.RandomFlip("horizontal", seed=seed))
        if degrees:
            # The layer counts in full turns: 10 degrees are 10/360, not 0.1.
            layers.append(keras.layers.RandomRotation(degrees / 360.0, fill_mode="reflect", seed=seed + 1))
        if settings.zoom:
            zoom = (-settings.zoom, settings.zoom)
            layers.append(keras.layers.RandomZoom(zoom, zoom, fill_mode="reflect", seed=seed + 2))
        self._layers = layers

    def __call__(self, pixels: tf.Tensor) -> tf.Tensor:
        """Changes each image of float32 `[N, S, S, 3]` in [0, 1]; shape and range stay."""
        for layer in self._layers:
            pixels = layer(pixels, training=True)
        return tf.clip_by_value(pixels, *preprocessing.VALUE_RANGE)
