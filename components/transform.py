"""Transform: decodes and resizes each image and hands it on as a lossless PNG.

A PNG of the 8-bit pixels takes a ninth of the room of float32 pixels, and `pixels_from_png` gives back exactly
the [0, 1] values the model trains on: the two halves together are the preprocessing of the project.
"""

from typing import Any

import tensorflow as tf

from components import preprocessing
from data import example

IMAGE_PNG = "image_png"
"""Transformed feature: string scalar, the resized image as PNG."""

LABEL = "label"
"""Transformed feature: int64 scalar, 0 real, 1 fake."""

SYNTHETIC = "synthetic"
"""Transformed feature: string scalar, the maker of a synthetic image; empty for all others."""


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> dict[str, tf.Tensor]:
    """The function TFX Transform traces.

    Args:
        inputs: the features of `data/schema.pbtxt`, each `[N, 1]`; the maker of synthetic images is sparse, and
            missing where the schema is older than it.
        custom_config: `image_size`, the side in pixels.

    Returns:
        `IMAGE_PNG` string `[N]`, `LABEL` int64 `[N]` and `SYNTHETIC` string `[N]`.
    """
    labels = tf.reshape(inputs[example.LABEL_KEY], [-1])
    pixels = preprocessing.decode_and_resize(
        tf.reshape(inputs[example.IMAGE_KEY], [-1]), custom_config["image_size"]
    )
    return {
        IMAGE_PNG: tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.string),
        LABEL: labels,
        SYNTHETIC: _makers(inputs.get(example.MAKER_KEY), tf.shape(labels, tf.int64)[0]),
    }


def _makers(given: tf.SparseTensor | None, count: tf.Tensor) -> tf.Tensor:
    if given is None:
        return tf.fill([count], "")
    # A batch without any synthetic image has no column at all.
    one_each = tf.sparse.reset_shape(given, tf.stack([count, tf.constant(1, tf.int64)]))
    return tf.reshape(tf.sparse.to_dense(one_each, default_value=""), [-1])


def pixels_from_png(png: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes a batch of `IMAGE_PNG` values.

    Args:
        png: string `[N]`.
        size: side of the images, in pixels.

    Returns:
        uint8 `[N, size, size, 3]`, values 0..255.
    """
    return tf.map_fn(
        lambda one: tf.ensure_shape(tf.io.decode_png(one, channels=3), (size, size, 3)),
        png,
        fn_output_signature=tf.TensorSpec((size, size, 3), tf.uint8),
    )
