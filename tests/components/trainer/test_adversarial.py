"""Adversarial training: which images a step attacks, on which weights, and that nothing else changes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.attacks.fgsm import fgsm
from components.attacks.pgd import batch_noise, pgd
from components.settings import (
    AdversarialSettings,
    HardwareSettings,
    ModelSettings,
    StageSettings,
    TrainerSettings,
    TrainingSettings,
)
from components.trainer.adversarial import with_attacks
from components.trainer.epochs import EpochStore
from components.trainer.hardware import choose_hardware
from components.trainer.stages import StageRunner

_SEED = 11
_FGSM = AdversarialSettings(method="fgsm", epsilon=8, share=0.5)
_PGD = AdversarialSettings(epsilon=8, steps=2, share=1.0)


def _compiled(model: keras.Model, jit_compile: bool = False) -> keras.Model:
    model.compile(
        # In proportion to the gradient: Adam would make a first step of any gradient, however small.
        keras.optimizers.SGD(1e-2),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.AUC(from_logits=True, name="auc")],
        jit_compile=jit_compile,
    )
    return model


@pytest.fixture
def batch(make_pictures) -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = make_pictures(6)
    return pixels.astype(np.float32) / 255, labels[:, None].astype(np.float32)


def _attacked(model: keras.Model, settings: AdversarialSettings, pixels, labels) -> np.ndarray:
    """The batch that a first step should train on."""

    def logits_of(some):
        return model(some, training=False)

    count = round(settings.share * len(pixels))
    first, labels = tf.constant(pixels[:count]), labels[:count]
    if settings.method == "fgsm":
        first = fgsm(logits_of, first, labels, settings.epsilon)
    else:
        seed = tf.random.fold_in(tf.constant([_SEED, 0], tf.int64), 0)
        noise = batch_noise(seed, first.shape)
        first = pgd(logits_of, first, labels, settings.epsilon, settings.steps, noise)
    return np.concatenate([first, pixels[count:]])


@pytest.mark.parametrize(
    ("settings", "jit_compile"),
    [(_FGSM, False), (_PGD, False), pytest.param(_PGD, True, marks=pytest.mark.slow)],
)
def test_a_step_is_one_on_images_that_were_attacked_before_it(small_detector, batch, settings, jit_compile):
    pixels, labels = batch
    # Dropout and moving statistics: an attack that is not in inference would draw and move them once more.
    plain, attacking = (small_detector(head_dropout=(0.4,)).model(trains_backbone=True) for _ in range(2))
    wrapped = _compiled(with_attacks(attacking, settings, _SEED), jit_compile)
    expected = _attacked(plain, settings, pixels, labels)
    assert np.abs(expected - pixels).max() == pytest.approx(8 / 255, abs=1e-6)
    weight = {0: 0.7, 1: 1.9}
    _compiled(plain, jit_compile).train_on_batch(expected, labels, class_weight=weight)
    seed = wrapped._step_seed().numpy().tolist()
    wrapped.train_on_batch(pixels, labels, class_weight=weight)
    for one, other in zip(plain.get_weights(), attacking.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)
    # The next one draws another start.
    assert wrapped._step_seed().numpy().tolist() != seed


def test_without_settings_the_model_is_the_model_itself(small_detector):
    model = small_detector().model()
    assert with_attacks(model, None, _SEED) is model


def test_half_precision_finds_the_way_that_single_precision_does(small_detector, batch):
    pixels, labels = batch
    attacked, fgsm_of_all = [], _FGSM.model_copy(update={"share": 1.0})
    for precision in ("float32", "mixed_float16"):
        with choose_hardware(HardwareSettings(precision=precision)).building():
            model = small_detector().model(trains_backbone=True)
            wrapped = _compiled(with_attacks(model, fgsm_of_all, _SEED))
            attacked.append(wrapped._part_attacked(tf.constant(pixels), tf.constant(labels)).numpy())
            assert np.isfinite(wrapped.train_on_batch(pixels, labels)).all()
    # All but the rows and columns at the end, which the convolution does not reach.
    assert np.mean(attacked[0] != pixels) > 0.93
    assert np.mean(np.abs(attacked[0] - attacked[1]) < 1e-6) > 0.97


@pytest.fixture
def run_stage(make_split, small_detector):
    """``run_stage(folder, adversarial)``: epochs and weights of a stage on small splits."""
    splits = make_split(20, batch_size=8), make_split(16, first=100)

    def run(folder, adversarial, weights="none", **changes):
        stage = StageSettings(
            **{"name": "all", "trainable": "all", "epochs": 2, "learning_rate": 1e-2} | changes,
            adversarial=adversarial,
        )
        settings = TrainerSettings(
            model=ModelSettings(weights=weights, image_size=32, any_image_size=True),
            training=TrainingSettings(stages=(stage,)),
        )
        detector = small_detector(head_dropout=(0.4,))
        runner = StageRunner(settings, detector, *splits, folder, choose_hardware(HardwareSettings()))
        runner.run(stage)
        return runner.epochs, detector.model().get_weights()

    return run


def test_a_stage_that_was_killed_ends_with_the_weights_it_would_have_had(run_stage, tmp_path, monkeypatch):
    epochs, expected = run_stage(tmp_path / "whole", _PGD)
    add = EpochStore.add

    def killed(store, epoch, model):
        add(store, epoch, model)
        raise KeyboardInterrupt

    monkeypatch.setattr(EpochStore, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        run_stage(tmp_path / "killed", _PGD)
    monkeypatch.undo()
    resumed, weights = run_stage(tmp_path / "killed", _PGD)
    assert [one.val_loss for one in resumed] == pytest.approx([one.val_loss for one in epochs], abs=1e-5)
    for one, other in zip(expected, weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("weights", "batch_normalization", "told"),
    [("imagenet", "trained", True), ("imagenet", "auto", False), ("none", "trained", False)],
)
def test_a_trained_batch_normalization_is_told_where_it_could_be_frozen(
    run_stage, tmp_path, caplog, weights, batch_normalization, told
):
    caplog.set_level("INFO", logger="absl")
    run_stage(tmp_path, _FGSM, weights, batch_normalization=batch_normalization, epochs=1)
    assert ("such a stage may withstand more" in caplog.text) == told


@pytest.mark.slow
def test_what_a_stage_leaves_is_a_plain_detector(run_stage, tmp_path):
    epochs, weights = run_stage(tmp_path, _PGD)
    # A later run takes it up.
    again, taken_up = run_stage(tmp_path, _PGD)
    assert again == epochs
    for one, other in zip(weights, taken_up, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.allclose(run_stage(tmp_path / "plain", None)[1][0], weights[0], atol=1e-4)
