"""From encoded bytes to pixels: the one definition that training, evaluation and serving share."""

import tensorflow as tf

from components.image_header import check_header
from components.orientation import exif_orientation, upright

RESIZE_METHOD = "bilinear, antialiased, rounded to 8 bits"
"""How `resize` resizes, in words: travels with every exported model."""

VALUE_RANGE = (0.0, 1.0)
"""Range of the pixels that `normalise` returns and that every detector takes."""


def decode(encoded: tf.Tensor, smallest_face: int = 1) -> tf.Tensor:
    """Decodes one JPEG or PNG, and turns it upright as its EXIF orientation says.

    Args:
        encoded: string scalar, the bytes of one image.
        smallest_face: least pixels of the shorter side.

    Returns:
        uint8 `[height, width, 3]`, values 0..255. Grey images become three equal channels.

    Raises:
        tf.errors.InvalidArgumentError: when run on bytes that are no complete image, or on an image that
            `image_header.check_header` refuses.
    """
    encoded = check_header(encoded, smallest_face)
    return upright(
        tf.io.decode_image(encoded, channels=3, expand_animations=False), exif_orientation(encoded)
    )


def resize(pixels: tf.Tensor, size: int) -> tf.Tensor:
    """Resizes one image to a square and rounds back to 8 bits, so that a PNG stores the result without loss.

    Args:
        pixels: uint8 `[height, width, 3]`.
        size: side of the square, in pixels.

    Returns:
        uint8 `[size, size, 3]`.
    """
    rounded = tf.cast(tf.clip_by_value(tf.round(resize_unrounded(pixels, size)), 0.0, 255.0), tf.uint8)
    return tf.ensure_shape(rounded, (size, size, 3))


def resize_unrounded(pixels: tf.Tensor, size: int) -> tf.Tensor:
    """What `resize` rounds: a step that has a gradient.

    Args:
        pixels: one image `[height, width, 3]` or a batch of them, of any range of values.
        size: side of the square, in pixels.

    Returns:
        float32, with sides of `size`.
    """
    return tf.image.resize(pixels, (size, size), method="bilinear", antialias=True)


def normalise(pixels: tf.Tensor) -> tf.Tensor:
    """Maps 8-bit pixels 0..255 of any shape to float32 in [0, 1]."""
    return tf.cast(pixels, tf.float32) / 255.0


def decode_and_resize(encoded: tf.Tensor, size: int, smallest_face: int = 1) -> tf.Tensor:
    """Decodes and resizes a batch.

    Args:
        encoded: string `[N]`, one encoded image each.
        size: side of the square, in pixels.
        smallest_face: least pixels of an image's shorter side.

    Returns:
        uint8 `[N, size, size, 3]`.

    Raises:
        tf.errors.InvalidArgumentError: as `decode`.
    """
    return tf.map_fn(
        lambda one: resize(decode(one, smallest_face), size),
        encoded,
        fn_output_signature=tf.TensorSpec((size, size, 3), tf.uint8),
    )
