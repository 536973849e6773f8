"""Projected gradient descent: many small steps from a random start, kept within the ball."""

import tensorflow as tf

from components.attacks.ball import GREY_LEVELS, LogitsOf, ascent, into_ball

_PATH = 2.5
"""All steps together, in epsilons: far enough to cross the ball from any start, as Madry et al. chose it."""


def pgd(
    logits_of: LogitsOf,
    pixels: tf.Tensor,
    labels: tf.Tensor,
    epsilon: tf.Tensor | float,
    steps: tf.Tensor | int,
    noise: tf.Tensor | None = None,
) -> tf.Tensor:
    """Attacks a batch.

    Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards deep learning models resistant to adversarial attacks", ICLR
    2018; the norm is L-infinity.

    Args:
        logits_of: the model.
        pixels: float32 `[N, H, W, 3]` in [0, 1].
        labels: `[N]` or `[N, 1]`, 0 real, 1 fake.
        epsilon: how far each value may go, in grey levels: 2 is 2/255.
        steps: how many, each of 2.5 epsilon / steps.
        noise: float32 `[N, H, W, 3]` in [-1, 1], the random start in epsilons; None to start from `pixels`.

    Returns:
        float32 `[N, H, W, 3]` in [0, 1], within `epsilon` of `pixels` in each value.
    """
    length = _PATH * epsilon / tf.cast(steps, tf.float32) / GREY_LEVELS
    start = pixels if noise is None else into_ball(pixels + epsilon / GREY_LEVELS * noise, pixels, epsilon)

    def one_step(number: tf.Tensor, attacked: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        moved = attacked + length * ascent(logits_of, attacked, labels)
        return number + 1, into_ball(moved, pixels, epsilon)

    # A loop of the graph: the network is traced once, however many steps there are.
    _, attacked = tf.while_loop(
        lambda number, _: number < steps,
        one_step,
        (tf.constant(0), start),
        shape_invariants=(tf.TensorShape(()), pixels.shape),
        parallel_iterations=1,
    )
    return attacked


def batch_noise(seed: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """A random start for a whole batch, float32 of `shape`, uniform in [-1, 1).

    Args:
        seed: int64 `[2]`, the only source of chance.
        shape: int32 `[4]`.
    """
    return tf.random.stateless_uniform(shape, seed, -1.0, 1.0)


def image_noise(seeds: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Random starts that do not depend on the other images of a batch.

    Args:
        seeds: int64 `[N, 2]`, one an image.
        shape: int32 `[3]`, of one image.

    Returns:
        float32 `[N, *shape]`, uniform in [-1, 1).
    """
    return tf.map_fn(lambda seed: batch_noise(seed, shape), seeds, fn_output_signature=tf.float32)
