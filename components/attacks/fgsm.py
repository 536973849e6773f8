"""The fast gradient sign method: one step as far as is allowed."""

import tensorflow as tf

from components.attacks.ball import GREY_LEVELS, LogitsOf, ascent, into_ball


def fgsm(logits_of: LogitsOf, pixels: tf.Tensor, labels: tf.Tensor, epsilon: tf.Tensor | float) -> tf.Tensor:
    """Attacks a batch.

    Goodfellow, Shlens and Szegedy, "Explaining and harnessing adversarial examples", ICLR 2015.

    Args:
        logits_of: the model.
        pixels: float32 `[N, H, W, 3]` in [0, 1].
        labels: `[N]` or `[N, 1]`, 0 real, 1 fake.
        epsilon: how far each value goes, in grey levels: 2 is 2/255.

    Returns:
        float32 `[N, H, W, 3]` in [0, 1], within `epsilon` of `pixels` in each value.
    """
    step = epsilon / GREY_LEVELS * ascent(logits_of, pixels, labels)
    return into_ball(pixels + step, pixels, epsilon)
