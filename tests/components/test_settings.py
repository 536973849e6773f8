"""Settings refuse what they do not know and what is out of range, and say when BatchNormalization trains."""

import json

import pytest
from pydantic import ValidationError

from components.settings import (
    AugmentationSettings,
    CalibrationSettings,
    EvaluatorSettings,
    ModelSettings,
    StageSettings,
    TrainerSettings,
    TrainingSettings,
)

STAGE = {"name": "a", "trainable": "all", "epochs": 1}


def refusal(settings, fields):
    """Where and why the fields are refused, as text."""
    with pytest.raises(ValidationError) as caught:
        settings.model_validate(fields)
    return str(caught.value)


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        (ModelSettings, {}),
        (AugmentationSettings, {}),
        (StageSettings, STAGE),
        (TrainingSettings, {}),
        (CalibrationSettings, {}),
        (TrainerSettings, {}),
        (EvaluatorSettings, {}),
    ],
)
def test_an_unknown_key_is_refused_everywhere(settings, fields):
    assert settings.model_validate(fields)
    said = refusal(settings, fields | {"unknown": 1})
    assert said.splitlines()[1] == "unknown"
    assert "Extra inputs are not permitted" in said


def test_an_unknown_key_deep_inside_is_refused():
    said = refusal(TrainerSettings, {"training": {"stages": [STAGE | {"epoch": 2}]}})
    assert "training.stages.0.epoch" in said


@pytest.mark.parametrize(
    ("settings", "key", "good", "bad"),
    [
        (ModelSettings, "backbone", ["efficientnet-b0", "efficientnetv2-b0"], ["resnet", ""]),
        (ModelSettings, "weights", ["imagenet", "none"], ["None", "imagenet.h5", ""]),
        (ModelSettings, "image_size", [32, 1024], [31, 1025, 96.5]),
        (ModelSettings, "batch_normalization_momentum", [None, 0.5], [0.0, 1.0]),
        (ModelSettings, "head_dropout", [(0.0, 0.5, 1.0)], [(0.1, 0.1, 1.1), (0.1, 0.1), (-0.1, 0.0, 0.0)]),
        (ModelSettings, "head_units", [(1, 2, 3)], [(0, 2, 3), (1, 2, 3, 4)]),
        (AugmentationSettings, "rotation_degrees", [0, 180], [-1, 181]),
        (AugmentationSettings, "zoom", [0.0, 0.99], [-0.1, 1.0]),
        (StageSettings, "name", ["last-40", "2"], ["", "-a", "Last", "a/b", ".."]),
        (StageSettings, "trainable", ["none", "all", 1], [0, -1, "some", 1.5]),
        (StageSettings, "epochs", [1], [0]),
        (StageSettings, "learning_rate", [1e-9], [0.0, -1e-4]),
        (StageSettings, "batch_normalization", ["auto", "frozen", "trained"], ["yes"]),
        (TrainingSettings, "seed", [0, 2**31 - 1], [-1, 2**31]),
        (TrainingSettings, "batch_size", [1], [0]),
        (TrainingSettings, "monitor", ["val_loss", "val_auc"], ["loss"]),
        (TrainingSettings, "reduce_lr_factor", [0.5], [0.0, 1.0]),
        (TrainingSettings, "early_stopping_patience", [1], [0]),
        (CalibrationSettings, "objective", ["best-f1"], ["accuracy"]),
        (EvaluatorSettings, "thresholds", [(0.0, 1.0)], [(1.5,), (-0.1,)]),
        (EvaluatorSettings, "min_auc", [0.0, 1.0], [-0.1, 1.1]),
        (EvaluatorSettings, "min_accuracy", [0.0, 1.0], [-0.1, 1.1]),
        (EvaluatorSettings, "max_auc_drop", [0.0, 1.0], [-0.01, 1.1]),
    ],
)
def test_ranges(settings, key, good, bad):
    fields = STAGE if settings is StageSettings else {}
    for value in good:
        assert getattr(settings.model_validate(fields | {key: value}), key) == value
    for value in bad:
        refusal(settings, fields | {key: value})


@pytest.mark.parametrize("names", [[], ["a", "a"], ["a", "b", "a"]])
def test_stages_need_names_of_their_own(names):
    said = refusal(TrainingSettings, {"stages": [STAGE | {"name": name} for name in names]})
    assert f"expected one or more stages with different names, received {names}" in said


def test_each_layer_of_the_head_needs_a_dropout():
    said = refusal(ModelSettings, {"head_units": [8, 8]})
    assert "expected one head_dropout for each of head_units, received 3 for 2" in said


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError, match="frozen"):
        ModelSettings().image_size = 64


def test_a_weights_file_must_exist_and_becomes_absolute(tmp_path, monkeypatch):
    (tmp_path / "mine.h5").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    settings = ModelSettings(weights="mine.h5")
    assert settings.weights == str((tmp_path / "mine.h5").resolve())
    assert str(settings.weights_file) == settings.weights
    assert settings.pretrained
    assert "there is no such file" in refusal(ModelSettings, {"weights": "other.h5"})


@pytest.mark.parametrize(("weights", "pretrained"), [("imagenet", True), ("none", False)])
def test_weights_that_are_no_file(weights, pretrained):
    settings = ModelSettings(weights=weights)
    assert (settings.weights_file, settings.pretrained) == (None, pretrained)


@pytest.mark.parametrize(
    ("trainable", "augment", "augmented"),
    [("none", None, False), ("none", True, True), ("all", None, True), (40, None, True), (40, False, False)],
)
def test_only_a_frozen_stage_goes_without_augmentation_by_itself(trainable, augment, augmented):
    stage = StageSettings(name="a", trainable=trainable, epochs=1, augment=augment)
    assert stage.augmented is augmented


@pytest.mark.parametrize(
    ("trainable", "policy", "pretrained", "trains"),
    [
        ("all", "auto", True, False),
        ("all", "auto", False, True),
        (40, "auto", True, False),
        (40, "auto", False, True),
        ("all", "frozen", False, False),
        ("all", "trained", True, True),
        ("none", "trained", False, False),
        ("none", "auto", False, False),
    ],
)
def test_when_batch_normalization_trains(trainable, policy, pretrained, trains):
    stage = StageSettings(name="a", trainable=trainable, epochs=1, batch_normalization=policy)
    assert stage.trains_batch_normalization(pretrained) is trains


def test_settings_survive_the_way_through_json():
    settings = TrainerSettings(
        model=ModelSettings(weights="none", head_units=(8,), head_dropout=(0.1,)),
        training=TrainingSettings(stages=(StageSettings(name="a", trainable=3, epochs=2),)),
    )
    assert (
        TrainerSettings.model_validate(json.loads(json.dumps(settings.model_dump(mode="json")))) == settings
    )


def test_the_defaults_are_the_originals():
    model, training = ModelSettings(), TrainingSettings()
    assert (model.head_units, model.head_dropout) == ((512, 256, 1024), (0.4, 0.4, 0.5))
    assert (training.batch_size, training.early_stopping_patience, training.reduce_lr_patience) == (32, 10, 3)
    assert (training.reduce_lr_factor, training.min_learning_rate) == (0.5, 1e-7)
    assert (training.augmentation.rotation_degrees, training.augmentation.zoom) == (10, 0.1)
    assert training.stages[-1].learning_rate == 1e-4
