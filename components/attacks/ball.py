"""What the attacks share: the direction in which the loss grows, and the ball that a perturbation stays in."""

from collections.abc import Callable

import tensorflow as tf

LogitsOf = Callable[[tf.Tensor], tf.Tensor]
"""From pixels, float32 `[N, H, W, 3]` in [0, 1], to logits of P(fake), `[N, 1]`, as in inference: an image's logit
must not depend on the others of its batch."""

GREY_LEVELS = 255.0
"""Epsilons are given in grey levels of an 8-bit image, of which [0, 1] has so many."""

_SCALE = 1024.0


def ascent(logits_of: LogitsOf, pixels: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The sign of the gradient of the binary cross-entropy of the true label.

    That loss falls with the logit of a fake and rises with that of a real image, so the sign of its gradient is that
    of the logit's, or the opposite. It is taken from the logit: where a model is certain the loss itself is flat in
    single precision, and would hide the way from an attack that a better-scaled one finds (Carlini and Wagner,
    "Towards evaluating the robustness of neural networks", S&P 2017).

    Args:
        logits_of: the model.
        pixels: float32 `[N, H, W, 3]` in [0, 1].
        labels: `[N]` or `[N, 1]`, 0 real, 1 fake.

    Returns:
        float32 `[N, H, W, 3]` of -1, 0 and 1.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(pixels)
        logits = tf.cast(logits_of(pixels), tf.float32)
        growing = (1.0 - 2.0 * tf.reshape(tf.cast(labels, tf.float32), (-1, 1))) * logits
        # Scaled, as the loss of a training in half precision is, lest small gradients vanish on their way.
        target = _SCALE * tf.reduce_sum(growing)
    gradient = tape.gradient(target, pixels)
    # What overflowed in half precision shows no direction.
    return tf.where(tf.math.is_nan(gradient), 0.0, tf.sign(gradient))


def into_ball(pixels: tf.Tensor, origin: tf.Tensor, epsilon: tf.Tensor | float) -> tf.Tensor:
    """The nearest image, in each value, that is at most `epsilon` from the origin and within [0, 1].

    Args:
        pixels: float32 `[N, H, W, 3]`.
        origin: likewise, in [0, 1].
        epsilon: in grey levels.
    """
    radius = epsilon / GREY_LEVELS
    return tf.clip_by_value(
        pixels, tf.maximum(origin - radius, 0.0), tf.minimum(origin + radius, tf.ones_like(origin))
    )


def to_8_bits(pixels: tf.Tensor, origin: tf.Tensor, epsilon: tf.Tensor | float) -> tf.Tensor:
    """Rounds to grey levels that are still in the ball.

    Args:
        pixels: float32 `[N, H, W, 3]` in [0, 1], in the ball around `origin`.
        origin: uint8 `[N, H, W, 3]`.
        epsilon: in grey levels; of a fraction nothing is left.

    Returns:
        uint8 `[N, H, W, 3]`.
    """
    middle, whole = tf.cast(origin, tf.float32), tf.floor(epsilon)
    rounded = tf.clip_by_value(tf.round(pixels * GREY_LEVELS), middle - whole, middle + whole)
    return tf.cast(tf.clip_by_value(rounded, 0.0, GREY_LEVELS), tf.uint8)
