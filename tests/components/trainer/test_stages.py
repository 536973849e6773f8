"""Stages: what they train, what they leave alone, and what a later run may skip."""

import itertools
import json

import keras
import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from components.settings import ModelSettings, StageSettings, TrainerSettings, TrainingSettings
from components.trainer.dataset import TransformedSplit
from components.trainer.stages import StageRunner

_FROZEN = StageSettings(name="frozen", trainable="none", epochs=2, learning_rate=1e-2)
_LAST = StageSettings(name="last", trainable=3, epochs=1, learning_rate=1e-2, augment=False)
_ALL = StageSettings(name="all", trainable="all", epochs=2, learning_rate=1e-2, augment=False)


def _settings(*stages: StageSettings, **training) -> TrainerSettings:
    return TrainerSettings(
        model=ModelSettings(weights="none", image_size=32),
        training=TrainingSettings(stages=stages, **training),
    )


@pytest.fixture
def runner(make_split, small_detector, tmp_path):
    """``runner(*stages, folder=…, detector=…)``: a runner on small splits."""
    train, validation = make_split(40, batch_size=8), make_split(16, first=100)

    def make(*stages, folder=tmp_path / "stages", detector=None) -> StageRunner:
        return StageRunner(_settings(*stages), detector or small_detector(), train, validation, folder)

    return make


def _weights(detector) -> dict[str, np.ndarray]:
    return {weight.path: np.array(weight) for weight in (*detector.backbone.weights, *detector.head.weights)}


def _moved(before: dict, after: dict) -> set[str]:
    return {path.split("/")[0] for path in before if not np.array_equal(before[path], after[path])}


def test_frozen_weights_do_not_move_by_one_bit_and_unfrozen_ones_do(runner, small_detector):
    detector = small_detector()
    stages = runner(_FROZEN, _LAST, _ALL, detector=detector)
    snapshots = [_weights(detector)]
    for stage in (_FROZEN, _LAST, _ALL):
        stages.run(stage)
        snapshots.append(_weights(detector))
    moved = [_moved(*pair) for pair in itertools.pairwise(snapshots)]
    backbone = {"conv_1", "norm_1", "conv_2", "norm_2"}
    assert moved[0] & backbone == set()
    assert moved[1] & backbone == {"conv_2", "norm_2"}
    assert moved[2] & backbone == backbone
    # The head trains in every stage.
    assert all(layers - backbone for layers in moved)


def test_the_statistics_of_a_pretrained_backbone_do_not_move_unless_a_stage_says_so(
    make_split, small_detector, tmp_path
):
    train, validation = make_split(16), make_split(16, first=100)
    for policy, moving in (
        ("auto", {"conv_1", "conv_2"}),
        ("trained", {"conv_1", "norm_1", "conv_2", "norm_2"}),
    ):
        stage = _ALL.model_copy(update={"name": policy, "batch_normalization": policy, "epochs": 1})
        settings = _settings(stage)
        pretrained = settings.model_copy(update={"model": ModelSettings(weights="imagenet", image_size=32)})
        detector = small_detector()
        before = _weights(detector)
        StageRunner(pretrained, detector, train, validation, tmp_path).run(stage)
        backbone = {path: value for path, value in before.items() if path.startswith(("conv", "norm"))}
        assert _moved(backbone, _weights(detector)) == moving


def test_cached_embeddings_train_the_head_as_the_whole_model_would(make_split, small_detector, tmp_path):
    train, validation = make_split(16, batch_size=16), make_split(16, first=100)
    frozen, whole = (
        StageSettings(name=name, trainable="none", epochs=3, learning_rate=1e-2, augment=augment)
        for name, augment in (("cached", None), ("whole", True))
    )
    # An augmentation that changes nothing: the whole model runs on the images themselves. One batch an epoch, as
    # the two ways shuffle differently.
    still = {"horizontal_flip": False, "rotation_degrees": 0.0, "zoom": 0.0}
    heads = []
    for stage in (frozen, whole):
        detector = small_detector()
        settings = _settings(stage, augmentation=still)
        StageRunner(settings, detector, train, validation, tmp_path / stage.name).run(stage)
        heads.append(detector.head.get_weights())
    for cached, direct in zip(*heads, strict=True):
        np.testing.assert_allclose(cached, direct, atol=1e-4)


def test_a_stage_that_is_done_is_taken_up_and_not_trained_again(runner, small_detector, monkeypatch):
    first = small_detector()
    result = runner(_ALL, detector=first).run(_ALL)

    def refuse(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr(keras.Model, "fit", refuse)
    second = small_detector(seed=9)
    assert runner(_ALL, detector=second).run(_ALL) == result
    assert _moved(_weights(first), _weights(second)) == set()


@pytest.fixture
def kill_after(monkeypatch):
    """``kill_after(epochs)``: a training dies when it has told of so many epochs; the list holds what it told."""

    class KilledError(Exception):
        pass

    def arm(epochs):
        told = []

        def tell(text):
            told.append(text)
            if len(told) == epochs:
                raise KilledError

        monkeypatch.setattr("components.trainer.stages.tell", tell)
        return told, pytest.raises(KilledError)

    return arm


@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_stage_that_was_killed_goes_on_after_its_last_whole_epoch(runner, kill_after, killed_after):
    stage = _ALL.model_copy(update={"epochs": 3})
    told, dies = kill_after(killed_after)
    with dies:
        runner(stage).run(stage)
    result = runner(stage).run(stage)
    assert [text.split(":")[0] for text in told] == [f"stage all, epoch {epoch} of 3" for epoch in (1, 2, 3)]
    assert result.epochs == 3


def test_the_best_epoch_is_kept_even_when_it_came_before_a_kill(
    kill_after, small_detector, make_split, make_pictures, write_transformed, tmp_path
):
    train, validation = make_split(40), make_split(16, first=100)
    stage = _FROZEN.model_copy(update={"epochs": 3})
    settings = _settings(stage, monitor="val_loss")
    told, dies = kill_after(2)
    with dies:
        StageRunner(settings, small_detector(), train, validation, tmp_path).run(stage)
    # The epoch that is left looks bad whatever it learns: the labels it is judged by are swapped.
    pixels, labels = make_pictures(16, 100)
    swapped = TransformedSplit([write_transformed(tmp_path / "swapped.gz", pixels, 1 - labels)], 32, 8)
    detector = small_detector()
    result = StageRunner(settings, detector, train, swapped, tmp_path).run(stage)

    losses = [float(text.split()[-1]) for text in told]
    assert result.best == pytest.approx(min(losses[:2]), abs=6e-4)
    assert losses[2] > result.best
    logits = detector.model().predict(validation.batches(), verbose=0)[:, 0]
    assert log_loss(labels, expit(logits.astype(float))) == pytest.approx(result.best, abs=1e-4)


def test_the_result_says_how_it_went(runner, tmp_path):
    result = runner(_FROZEN).run(_FROZEN)
    assert (result.name, result.trainable, result.backbone_layers_trained, result.epochs) == (
        "frozen",
        "none",
        0,
        2,
    )
    assert 0.0 <= result.best <= 1.0
    assert json.loads((tmp_path / "stages/stage-frozen/done.json").read_text())["epochs"] == 2
