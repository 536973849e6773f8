"""The attacks against those of the Adversarial Robustness Toolbox, and what each of them promises."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from art.attacks.evasion import FastGradientMethod, ProjectedGradientDescentTensorFlowV2
from art.estimators.classification import TensorFlowV2Classifier

from components.attacks.attacker import Attacker
from components.attacks.fgsm import fgsm
from components.attacks.pgd import batch_noise, pgd
from components.settings import ModelSettings
from components.trainer.model import build_detector

_EPSILON = 2.0


def _convnet() -> keras.Model:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            keras.layers.Conv2D(6, 3, strides=2, activation="silu"),
            keras.layers.BatchNormalization(),
            keras.layers.Conv2D(8, 3, strides=2, activation="silu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, kernel_initializer=keras.initializers.RandomNormal(stddev=3.0)),
        ]
    )


def _backbone() -> keras.Model:
    settings = ModelSettings(weights="none", image_size=32, head_units=(8,), head_dropout=(0.4,))
    return build_detector(settings, seed=1).model()


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return _convnet()


def _images(model: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Float32 pixels in [0, 1], some of them at its ends, and labels."""
    size = model.input_shape[1]
    pixels = np.random.default_rng(0).uniform(-0.1, 1.1, (6, size, size, 3)).clip(0, 1).astype(np.float32)
    return pixels, np.arange(6) % 2


def _logits_of(model):
    return lambda pixels: model(pixels, training=False)


def _loss(model, pixels, labels) -> np.ndarray:
    logits = tf.squeeze(model(pixels, training=False), -1)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels.astype(np.float32), logits).numpy()


def _of_the_toolbox(model) -> TensorFlowV2Classifier:
    def two_logits(pixels, training=False):
        logit = model(pixels, training=False)
        return tf.concat([tf.zeros_like(logit), logit], axis=1)

    return TensorFlowV2Classifier(
        two_logits,
        nb_classes=2,
        input_shape=model.input_shape[1:],
        loss_object=keras.losses.CategoricalCrossentropy(from_logits=True),
        clip_values=(0.0, 1.0),
    )


def _assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    # A gradient may be 1e-12 here and -1e-12 there: the order of additions decides over the sign.
    assert np.mean(np.abs(ours - theirs) < 1e-6) > 0.999


@pytest.mark.parametrize("build", [_convnet, _backbone])
def test_fgsm_is_that_of_the_toolbox(build):
    model = build()
    pixels, labels = _images(model)
    ours = fgsm(_logits_of(model), tf.constant(pixels), labels, _EPSILON).numpy()
    theirs = FastGradientMethod(_of_the_toolbox(model), norm=np.inf, eps=_EPSILON / 255).generate(
        pixels, np.eye(2)[labels]
    )
    _assert_same(ours, theirs)
    assert np.abs(ours - pixels).max() == pytest.approx(_EPSILON / 255, abs=1e-6)


def _pgd_of_the_toolbox(model: keras.Model, random_starts: int) -> np.ndarray:
    pixels, labels = _images(model)
    attack = ProjectedGradientDescentTensorFlowV2(
        _of_the_toolbox(model),
        norm=np.inf,
        eps=_EPSILON / 255,
        eps_step=2.5 * _EPSILON / 255 / 5,
        max_iter=5,
        num_random_init=random_starts,
        verbose=False,
    )
    return attack.generate(pixels, np.eye(2)[labels])


@pytest.mark.parametrize("build", [_convnet, pytest.param(_backbone, marks=pytest.mark.slow)])
def test_pgd_from_the_images_is_that_of_the_toolbox(build):
    model = build()
    pixels, labels = _images(model)
    ours = pgd(_logits_of(model), tf.constant(pixels), labels, _EPSILON, 5).numpy()
    _assert_same(ours, _pgd_of_the_toolbox(model, 0))


def test_pgd_from_random_starts_reaches_the_loss_that_the_toolbox_does(model):
    pixels, labels = _images(model)
    noise = batch_noise(tf.constant([5, 0], tf.int64), pixels.shape)
    ours = pgd(_logits_of(model), tf.constant(pixels), labels, _EPSILON, 5, noise).numpy()
    theirs = _pgd_of_the_toolbox(model, 1)
    before, reached, expected = (_loss(model, one, labels) for one in (pixels, ours, theirs))
    assert (reached > before).all()
    np.testing.assert_allclose(reached - before, expected - before, rtol=0.1)


def test_attacked_images_stay_in_the_ball_and_have_8_bits(model):
    size = model.input_shape[1]
    pixels = np.random.default_rng(1).integers(0, 256, (5, size, size, 3), np.uint8)
    pixels[0], pixels[1] = 0, 255
    labels = np.arange(5) % 2
    attacker = Attacker(_logits_of(model), size)
    for epsilon, farthest in ((1.0, 1), (2.7, 2), (4.0, 4)):
        for attacked in (
            attacker.fgsm(pixels, labels, epsilon),
            attacker.pgd(pixels, labels, epsilon, 3, range(5)),
        ):
            assert attacked.dtype == np.uint8
            changes = attacked.astype(int) - pixels
            assert np.abs(changes).max() == farthest
            assert (_loss(model, attacked / np.float32(255), labels) > _loss(model, pixels / 255, labels))[
                2:
            ].all()


def test_the_start_of_an_image_depends_on_its_seed_alone():
    model = _convnet()
    attacker = Attacker(_logits_of(model))
    pixels = np.random.default_rng(1).integers(0, 256, (4, 24, 24, 3), np.uint8)
    labels, seeds = np.array([0, 1, 1, 0]), [2**63 - 1, 5, 0, 5]
    whole = attacker.pgd(pixels, labels, 4.0, 1, seeds)
    alone = np.concatenate(
        [attacker.pgd(pixels[n : n + 1], labels[n : n + 1], 4.0, 1, seeds[n : n + 1]) for n in range(4)]
    )
    assert np.mean(whole == alone) > 0.999
    assert not np.array_equal(attacker.pgd(pixels, labels, 4.0, 1, [1, 2, 3, 4]), whole)


def test_a_model_that_is_certain_is_attacked_all_the_same():
    model = _convnet()
    pixels = np.random.default_rng(2).uniform(0.2, 0.8, (2, 24, 24, 3)).astype(np.float32)

    def certain(batch):
        return 1000.0 + model(batch, training=False)

    attacked = fgsm(certain, tf.constant(pixels), np.array([1, 1]), 4.0)
    # The cross-entropy of a fake with a logit of 1000 is 0, and its gradient as well.
    assert (certain(attacked).numpy() < certain(pixels).numpy()).all()
