"""Stages: what they train, what they leave alone, and what a later run may skip."""

import itertools
import json
import logging

import keras
import numpy as np
import pytest

from components.progress import PROGRESS
from components.settings import (
    HardwareSettings,
    ModelSettings,
    StageSettings,
    TrainerSettings,
    TrainingSettings,
)
from components.trainer.dataset import TransformedSplit
from components.trainer.hardware import choose_hardware
from components.trainer.stages import StageRunner
from data.errors import BadInputError

HARDWARE = choose_hardware(HardwareSettings())
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
        return StageRunner(
            _settings(*stages), detector or small_detector(), train, validation, folder, HARDWARE
        )

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
        pretrained = settings.model_copy(
            update={"model": ModelSettings(weights="imagenet", image_size=32, any_image_size=True)}
        )
        detector = small_detector()
        before = _weights(detector)
        StageRunner(pretrained, detector, train, validation, tmp_path, HARDWARE).run(stage)
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
        StageRunner(settings, detector, train, validation, tmp_path / stage.name, HARDWARE).run(stage)
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


def test_every_epoch_is_told_with_what_it_trained(runner):
    stages = runner(_FROZEN, _ALL)
    for stage in (_FROZEN, _ALL):
        stages.run(stage)
    assert [(epoch.stage, epoch.epoch) for epoch in stages.epochs] == [
        *(("frozen", 1), ("frozen", 2)),
        *(("all", 1), ("all", 2)),
    ]
    for epoch in stages.epochs:
        assert epoch.loss > 0
        assert epoch.val_loss > 0
        assert 0 <= epoch.val_auc <= 1
        assert epoch.learning_rate == pytest.approx(1e-2)
        assert epoch.images_per_second > 0
    # What is read again is the same.
    again = runner(_FROZEN, _ALL)
    for stage in (_FROZEN, _ALL):
        again.run(stage)
    assert again.epochs == stages.epochs


def test_patience_of_a_stage_goes_before_that_of_the_training(make_split, small_detector, tmp_path):
    train, validation = make_split(16), make_split(16, first=100)
    # At this rate nothing changes, so no epoch is better than the first.
    still = StageSettings(name="still", trainable="none", epochs=9, learning_rate=1e-30)
    for number, (stage, expected, rates) in enumerate(
        (
            (still, 5, [1, 1, 1, 0.5, 0.5]),
            (still.model_copy(update={"early_stopping_patience": 2}), 3, [1, 1, 1]),
            (still.model_copy(update={"reduce_lr_patience": 1}), 5, [1, 1, 0.5, 0.25, 0.125]),
        )
    ):
        settings = _settings(stage, early_stopping_patience=4, reduce_lr_patience=2, min_learning_rate=1e-33)
        stages = StageRunner(settings, small_detector(), train, validation, tmp_path / str(number), HARDWARE)
        assert stages.run(stage).epochs == expected
        assert [epoch.learning_rate / 1e-30 for epoch in stages.epochs] == pytest.approx(rates)


def test_augmented_views_train_the_head_on_changed_images(make_split, small_detector, tmp_path):
    train, validation = make_split(16), make_split(16, first=100)
    heads = []
    for views in (0, 3):
        stage = _FROZEN.model_copy(update={"name": f"views-{views}", "augmented_views": views})
        detector = small_detector()
        before = _weights(detector)
        StageRunner(_settings(stage), detector, train, validation, tmp_path, HARDWARE).run(stage)
        assert _moved(before, _weights(detector)).isdisjoint({"conv_1", "norm_1", "conv_2", "norm_2"})
        heads.append(detector.head.get_weights())
    assert not np.array_equal(heads[0][0], heads[1][0])


def test_a_cosine_schedule_warms_up_over_an_epoch_and_ends_near_nothing(make_split, small_detector, tmp_path):
    train, validation = make_split(16), make_split(16, first=100)
    stage = StageSettings(
        name="cosine",
        trainable="none",
        epochs=5,
        learning_rate=1e-2,
        schedule="cosine",
        early_stopping_patience=9,
    )
    stages = StageRunner(_settings(stage), small_detector(), train, validation, tmp_path, HARDWARE)
    stages.run(stage)
    # Of half a cosine over the four epochs after the warm-up, at their beginnings.
    expected = [0.01, *(0.01 + 0.99 * (1 + np.cos(np.pi * epoch / 4)) / 2 for epoch in range(4))]
    assert [epoch.learning_rate / 1e-2 for epoch in stages.epochs] == pytest.approx(expected, rel=1e-4)


def test_a_stage_trains_on_the_synthetic_images_that_it_asks_for(
    write_transformed, make_pictures, make_split, small_detector, tmp_path, caplog
):
    pixels, labels = make_pictures(30)
    makers = [*[""] * 20, *["blend"] * 6, *["control"] * 4]
    train = TransformedSplit([write_transformed(tmp_path / "train.gz", pixels, labels, makers)], 32, 8)
    frozen = _FROZEN.model_copy(update={"synthetic": {"blend": 0.25}, "epochs": 1})
    stages = StageRunner(_settings(frozen), small_detector(), train, make_split(16), tmp_path, HARDWARE)
    with caplog.at_level(logging.INFO, "absl"):
        result = stages.run(frozen)
    assert result.images == "20 originals and 7 blend"
    told = [one.args[0] for one in caplog.records if one.msg == PROGRESS]
    assert "stage frozen: 20 originals and 7 blend an epoch" in told


def test_a_maker_that_is_not_there_is_told_before_the_first_stage(make_split, small_detector, tmp_path):
    last = _ALL.model_copy(update={"synthetic": {"blend": 0.25}})
    with pytest.raises(BadInputError, match="maker blend in the training split"):
        StageRunner(
            _settings(_FROZEN, last), small_detector(), make_split(16), make_split(16), tmp_path, HARDWARE
        )
