"""What happens to an image on its way to a detector: blur, downscaling, noise and compression."""

import math
from collections.abc import Callable

import tensorflow as tf

from components import preprocessing

_PROBABILITY = 0.5
_LARGEST_SIGMA = 3.0 / 224.0
_BLUR_REACH = 4.0


def degrade(pixels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Degrades images as they meet it on their way; each image and each change with probability one half.

    In this order, each strength uniform in its range: Gaussian blur (sigma 0 to 3 pixels at a side of 224, in
    proportion at others), downscaling to between 0.5 and 1 of the side and back, Gaussian noise (standard deviation
    0 to 0.02), JPEG (quality 30 to 100).

    Blur and JPEG are those of Wang et al., "CNN-generated images are surprisingly easy to spot... for now", CVPR
    2020, who found that they carry a detector over to generators it has never seen. The order, and the two others,
    are the usual model of degradation (Wang et al., "Real-ESRGAN", ICCVW 2021).

    Args:
        pixels: float32 `[N, S, S, 3]` in [0, 1].
        seed: int64 `[2]`; the same pixels and seed give the same result.

    Returns:
        float32 `[N, S, S, 3]` in [0, 1].
    """
    blurring, downscaling, adding_noise, compressing, noise = tf.unstack(tf.random.split(seed, 5))
    pixels = _change_some(pixels, blurring, (0.0, _LARGEST_SIGMA * pixels.shape[1]), blur)
    pixels = _change_some(pixels, downscaling, (0.5, 1.0), downscale)
    pixels = _change_some(
        pixels, adding_noise, (0.0, 0.02), lambda some, deviations: add_noise(some, deviations, noise)
    )
    pixels = tf.clip_by_value(pixels, *preprocessing.VALUE_RANGE)
    return _change_some(
        pixels,
        compressing,
        (30.0, 101.0),
        lambda some, qualities: compress(some, tf.cast(qualities, tf.int32)),
    )


def blur(pixels: tf.Tensor, sigmas: tf.Tensor) -> tf.Tensor:
    """Blurs each image with a Gaussian of its own; beyond an edge, what lies before it is repeated in reverse.

    Args:
        pixels: float32 `[N, S, S, 3]`, S at least 2.
        sigmas: float32 `[N]`, standard deviations in pixels, up to 3 at a side of 224 and in proportion at others:
            weights farther out than four times that are left out.

    Returns:
        float32 `[N, S, S, 3]`, in the range of the input.
    """
    size = pixels.shape[1]
    reach = math.ceil(_BLUR_REACH * _LARGEST_SIGMA * size)
    # TensorFlow's convolutions take one kernel for a whole batch; a matrix of weights for each image takes any.
    source, target = tf.range(size + 2 * reach, dtype=tf.float32), tf.range(size, dtype=tf.float32)
    distance = source[tf.newaxis, :] - reach - target[:, tf.newaxis]
    # A sigma of 0 leaves all weight on the pixel itself.
    sigmas = tf.maximum(sigmas, 1e-3)[:, tf.newaxis, tf.newaxis]
    weights = tf.where(tf.abs(distance) <= reach, tf.exp(-0.5 * tf.square(distance / sigmas)), 0.0)
    weights /= tf.reduce_sum(weights, axis=2, keepdims=True)
    padded = tf.pad(pixels, [[0, 0], [reach, reach], [reach, reach], [0, 0]], "SYMMETRIC")
    return tf.einsum("nij,nkl,njlc->nikc", weights, weights, padded)


def downscale(pixels: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Resizes each image to a fraction of its side, antialiased, and back.

    Args:
        pixels: float32 `[N, S, S, 3]`.
        factors: float32 `[N]` in (0, 1], fractions of the side.

    Returns:
        float32 `[N, S, S, 3]`, in the range of the input.
    """
    size = pixels.shape[1]

    def there_and_back(image: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
        small = tf.image.resize(image, tf.stack([side, side]), antialias=True)
        return tf.image.resize(small, (size, size))

    sides = tf.maximum(tf.cast(tf.round(size * factors), tf.int32), 1)
    return _each(there_and_back, pixels, sides)


def add_noise(pixels: tf.Tensor, deviations: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Adds Gaussian noise, drawn for each channel of each pixel.

    Args:
        pixels: float32 `[N, S, S, 3]`.
        deviations: float32 `[N]`, standard deviations, in the unit of the pixels.
        seed: int64 `[2]`.

    Returns:
        float32 `[N, S, S, 3]`, not clipped.
    """
    noise = tf.random.stateless_normal(tf.shape(pixels), seed)
    return pixels + noise * deviations[:, tf.newaxis, tf.newaxis, tf.newaxis]


def compress(pixels: tf.Tensor, qualities: tf.Tensor) -> tf.Tensor:
    """Sends each image through a JPEG.

    Args:
        pixels: float32 `[N, S, S, 3]` in [0, 1], rounded to 8 bits first.
        qualities: int32 `[N]`, 0 to 100.

    Returns:
        float32 `[N, S, S, 3]` in [0, 1], multiples of 1/255.
    """
    eight_bits = tf.cast(tf.round(pixels * 255.0), tf.uint8)
    return preprocessing.normalise(_each(tf.image.adjust_jpeg_quality, eight_bits, qualities))


def _each(
    change: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], pixels: tf.Tensor, strengths: tf.Tensor
) -> tf.Tensor:
    return tf.map_fn(
        lambda one: change(*one),
        (pixels, strengths),
        fn_output_signature=tf.TensorSpec(pixels.shape[1:], pixels.dtype),
    )


def _change_some(
    pixels: tf.Tensor,
    seed: tf.Tensor,
    strengths: tuple[float, float],
    change: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """Changes each image with probability one half, by a strength from a range, and leaves the others as they are."""
    for_choice, for_strength = tf.unstack(tf.random.split(seed, 2))
    count = tf.shape(pixels)[0]
    chosen = tf.where(tf.random.stateless_uniform([count], for_choice) < _PROBABILITY)
    drawn = tf.gather_nd(tf.random.stateless_uniform([count], for_strength, *strengths), chosen)
    return tf.tensor_scatter_nd_update(pixels, chosen, change(tf.gather_nd(pixels, chosen), drawn))
