"""Training on attacked images, so that small changes made on purpose move the answer less."""

from typing import Any

import keras
import tensorflow as tf

from components.attacks.fgsm import fgsm
from components.attacks.pgd import batch_noise, pgd
from components.settings import AdversarialSettings


def with_attacks(model: keras.Model, settings: AdversarialSettings | None, seed: int) -> keras.Model:
    """A model of the same layers and weights whose training steps attack a part of each batch first.

    The loss is the mean over images as they are and attacked ones (Goodfellow et al., ICLR 2015; with `pgd` and a
    share of 1 it is the training of Madry et al., ICLR 2018). The attack is on the weights of the moment, with the
    network as in inference: no dropout, and BatchNormalization by its running statistics. Where BatchNormalization
    is trained, the network that learns goes by the statistics of a batch, half of it attacked, and is not quite the
    one that was attacked (Xie and Yuille, "Intriguing properties of adversarial training at scale", ICLR 2020): it
    may learn to withstand less than with BatchNormalization frozen. FGSM has no random start, and a network may learn
    to mislead it alone (Wong, Rice and Kolter, "Fast is better than free", ICLR 2020).

    Args:
        model: functional; float32 `[N, S, S, 3]` in [0, 1] to logits `[N, 1]`.
        settings: None for the model itself.
        seed: of the stage. What is drawn follows from it and the number of the step, which the optimizer counts and
            keeps: a resumed training goes on with the same draws.
    """
    if settings is None:
        return model
    attacked = _Attacked(model.inputs, model.outputs, name=model.name)
    attacked.set_attack(settings, seed)
    return attacked


class _Attacked(keras.Model):
    """Trains on attacked images; validates, predicts and saves as the model does that it was made of."""

    def set_attack(self, settings: AdversarialSettings, seed: int) -> None:
        """Not by the constructor: Keras takes what is not inputs and outputs there for its own."""
        self._attack, self._attack_seed = settings, seed

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Called by Keras in each step, on each device; `data` is images, labels and, by class, weights."""
        pixels, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        return super().train_step((self._part_attacked(pixels, labels), labels, weights))

    def _part_attacked(self, pixels: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        # Batches come shuffled: the first images are any images.
        count = tf.cast(tf.round(self._attack.share * tf.cast(tf.shape(pixels)[0], tf.float32)), tf.int32)
        return tf.concat([self._attacked(pixels[:count], labels[:count]), pixels[count:]], axis=0)

    def _attacked(self, pixels: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        epsilon = self._attack.epsilon
        if self._attack.method == "fgsm":
            return fgsm(self._logits_of, pixels, labels, epsilon)
        noise = batch_noise(self._step_seed(), tf.shape(pixels))
        return pgd(self._logits_of, pixels, labels, epsilon, self._attack.steps, noise)

    def _logits_of(self, pixels: tf.Tensor) -> tf.Tensor:
        return self(pixels, training=False)

    def _step_seed(self) -> tf.Tensor:
        step = tf.cast(tf.convert_to_tensor(self.optimizer.iterations), tf.int64)
        device = tf.distribute.get_replica_context().replica_id_in_sync_group
        return tf.random.fold_in(tf.stack([tf.constant(self._attack_seed, tf.int64), step]), device)
