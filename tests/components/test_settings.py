"""Settings refuse what they do not know and what is out of range, and say when BatchNormalization trains."""

import copy
import json

import pytest
from pydantic import ValidationError

from components.backbone_facts import BACKBONE_FACTS
from components.settings import (
    AdversarialSettings,
    AttackSettings,
    AugmentationSettings,
    Bound,
    CalibrationSettings,
    EvaluatorSettings,
    HardwareSettings,
    ModelSettings,
    StageSettings,
    TrainerSettings,
    TrainingSettings,
    TunerSettings,
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
        (HardwareSettings, {}),
        (StageSettings, STAGE),
        (TrainingSettings, {}),
        (TunerSettings, {}),
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
        (ModelSettings, "any_image_size", [True, False], [2, "maybe"]),
        (ModelSettings, "batch_normalization_momentum", [None, 0.5], [0.0, 1.0]),
        (ModelSettings, "head_dropout", [(0.0, 0.5, 1.0)], [(0.1, 0.1, 1.1), (0.1, 0.1), (-0.1, 0.0, 0.0)]),
        (ModelSettings, "head_units", [(1, 2, 3)], [(0, 2, 3), (1, 2, 3, 4)]),
        (AugmentationSettings, "rotation_degrees", [0, 180], [-1, 181]),
        (AugmentationSettings, "zoom", [0.0, 0.99], [-0.1, 1.0]),
        (StageSettings, "name", ["last-40", "2"], ["", "-a", "Last", "a/b", ".."]),
        (AugmentationSettings, "robustness", [True, False], [2, "strong"]),
        (HardwareSettings, "devices", ["auto", "one", "all"], ["gpu", 2]),
        (HardwareSettings, "precision", ["auto", "float32", "mixed_float16", "mixed_bfloat16"], ["float16"]),
        (HardwareSettings, "jit_compile", ["auto", True, False], ["always"]),
        (HardwareSettings, "cache_gb", [0.0, 0.5], [-1.0]),
        (
            StageSettings,
            "trainable",
            ["none", "all", 1, "block6a", "block6a_expand_conv", "top_conv"],
            [0, -1, 1.5, True, "", "6a", "block6a/conv", "Block6a"],
        ),
        (StageSettings, "schedule", ["plateau", "cosine"], ["linear"]),
        (StageSettings, "augmented_views", [0, 4], [-1]),
        (StageSettings, "early_stopping_patience", [None, 1], [0]),
        (StageSettings, "reduce_lr_patience", [None, 1], [0]),
        (StageSettings, "epochs", [1], [0]),
        (StageSettings, "learning_rate", [1e-9], [0.0, -1e-4]),
        (StageSettings, "batch_normalization", ["auto", "frozen", "trained"], ["yes"]),
        (AdversarialSettings, "method", ["pgd", "fgsm"], ["cw", ""]),
        (AdversarialSettings, "epsilon", [0.5, 32], [0, -1, 33]),
        (AdversarialSettings, "steps", [1, 100], [0, 101, 1.5]),
        (AdversarialSettings, "share", [0.01, 1.0], [0.0, 1.1]),
        (TrainingSettings, "seed", [0, 2**31 - 1], [-1, 2**31]),
        (TrainingSettings, "batch_size", [1], [0]),
        (TrainingSettings, "monitor", ["val_loss", "val_auc"], ["loss"]),
        (TrainingSettings, "reduce_lr_factor", [0.5], [0.0, 1.0]),
        (TrainingSettings, "early_stopping_patience", [1], [0]),
        (TunerSettings, "trials", [0, 1], [-1]),
        (TunerSettings, "learning_rate", [(1e-5, 1e-3)], [(0.0, 1e-3), (1e-5,)]),
        (TunerSettings, "last_layers", [(20, 40)], [(0,), ("block6a",)]),
        (CalibrationSettings, "objective", ["best-f1"], ["accuracy"]),
        (AttackSettings, "epsilons", [(1, 2, 4), (64,)], [(), (0,), (2, 1), (1, 1), (0.5,), (65,)]),
        (AttackSettings, "steps", [1], [0]),
        (AttackSettings, "images", [0, 256], [-1]),
        (EvaluatorSettings, "thresholds", [(0.0, 1.0)], [(1.5,), (-0.1,)]),
    ],
)
def test_ranges(settings, key, good, bad):
    fields = STAGE if settings is StageSettings else {}
    for value in good:
        assert getattr(settings.model_validate(fields | {key: value}), key) == value
    for value in bad:
        refusal(settings, fields | {key: value})


@pytest.mark.parametrize("size", [32, 1024, None])
def test_an_image_size_within_its_range(size):
    assert ModelSettings(weights="none", image_size=size).image_size == size


@pytest.mark.parametrize("size", [31, 1025, 96.5])
def test_an_image_size_out_of_its_range_is_refused(size):
    assert refusal(ModelSettings, {"weights": "none", "image_size": size}).splitlines()[1] == "image_size"


@pytest.mark.parametrize("name", BACKBONE_FACTS)
def test_the_input_is_as_large_as_the_weights_of_the_backbone_know_it(name):
    own = BACKBONE_FACTS[name].image_size
    assert ModelSettings(backbone=name).input_size == own
    assert ModelSettings(backbone=name, image_size=own).input_size == own
    assert (
        f"expected image_size {own}, which the weights of {name} were trained with, received {own - 1}"
        in refusal(ModelSettings, {"backbone": name, "image_size": own - 1})
    )


@pytest.mark.parametrize("allows", [{"weights": "none"}, {"any_image_size": True}])
def test_another_size_is_allowed_from_random_weights_or_on_request(allows):
    assert ModelSettings(image_size=96, **allows).input_size == 96


def test_the_weights_of_a_file_know_one_size_as_well(tmp_path):
    (tmp_path / "mine.h5").write_bytes(b"")
    said = refusal(ModelSettings, {"weights": str(tmp_path / "mine.h5"), "image_size": 96})
    assert "expected image_size 224" in said
    assert "any_image_size: true allows others" in said


def test_an_unknown_backbone_is_refused_with_those_that_are_known():
    said = refusal(ModelSettings, {"backbone": "resnet50"})
    assert "expected one of efficientnet-b0, efficientnet-b1, " in said
    assert "efficientnetv2-s, received 'resnet50'" in said


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


@pytest.mark.parametrize(("monitor", "mode"), [("val_auc", "max"), ("val_loss", "min")])
def test_of_an_auc_more_is_better_and_of_a_loss_less(monitor, mode):
    assert TrainingSettings(monitor=monitor).monitor_mode == mode


@pytest.mark.parametrize(("weights", "pretrained"), [("imagenet", True), ("none", False)])
def test_weights_that_are_no_file(weights, pretrained):
    settings = ModelSettings(weights=weights)
    assert (settings.weights_file, settings.pretrained) == (None, pretrained)


@pytest.mark.parametrize(
    ("trainable", "augment", "augmented"),
    [
        ("none", None, False),
        ("none", True, True),
        ("all", None, True),
        (40, None, True),
        ("block6a", None, True),
        (40, False, False),
    ],
)
def test_only_a_frozen_stage_goes_without_augmentation_by_itself(trainable, augment, augmented):
    stage = StageSettings(name="a", trainable=trainable, epochs=1, augment=augment)
    assert stage.augmented is augmented


@pytest.mark.parametrize(
    ("trainable", "augment", "on_embeddings"),
    [("none", None, True), ("none", True, False), ("none", False, True), (40, False, False)],
)
def test_a_frozen_stage_trains_on_embeddings_unless_its_images_change_in_each_epoch(
    trainable, augment, on_embeddings
):
    stage = StageSettings(name="a", trainable=trainable, epochs=1, augment=augment)
    assert stage.on_embeddings is on_embeddings


@pytest.mark.parametrize(("trainable", "augment"), [("none", None), ("none", False)])
def test_embeddings_cannot_be_attacked(trainable, augment):
    fields = {"name": "a", "trainable": trainable, "epochs": 1, "augment": augment, "adversarial": {}}
    said = refusal(StageSettings, fields)
    assert "received it in stage 'a', which trains on cached embeddings; set augment: true" in said
    assert StageSettings.model_validate(fields | {"augment": True}).adversarial == AdversarialSettings()


@pytest.mark.parametrize(
    ("trainable", "policy", "pretrained", "trains"),
    [
        ("all", "auto", True, False),
        ("all", "auto", False, True),
        (40, "auto", True, False),
        (40, "auto", False, True),
        ("block6a", "auto", True, False),
        ("block6a", "auto", False, True),
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
        training=TrainingSettings(
            stages=(
                StageSettings(name="a", trainable=3, epochs=2),
                StageSettings(name="b", trainable="block6a", epochs=2),
            ),
        ),
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
    assert training.augmentation.robustness is False


AUC = {"metric": "auc", "at_least": 0.6}


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        ({"metric": "auc"}, "expected at_least, max_drop or both for auc, .* more is better, received none"),
        ({"metric": "auc", "at_most": 0.9}, "expected at_least, max_drop .*, received at_most"),
        (
            {"metric": "false_positive_rate", "at_most": 0.1, "max_drop": 0.1},
            "at_most, max_rise or both for false_positive_rate, .* less is better, received at_most and max_drop",
        ),
        (AUC | {"slice": "stylegan"}, "slice"),
        (AUC | {"slice": "method="}, "slice"),
        (AUC | {"at_least": 1.5}, "at_least"),
        (AUC | {"max_drop": -0.1}, "max_drop"),
        ({"metric": "log_loss", "at_most": float("inf")}, "at_most"),
        ({"metric": "auk", "at_least": 0.6}, "metric"),
    ],
)
def test_a_bound_that_means_nothing_is_refused(bound, words):
    with pytest.raises(ValidationError, match=words):
        Bound.model_validate(bound)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ([], "bounds"),
        ([AUC, AUC], "expected one bound for auc, received 2"),
        ([AUC, {"metric": "auc", "slice": "source=a", "at_least": 0.5}] * 2, "for auc, received 2"),
        # Without a blessed model nothing would be asked, and TFX would bless nothing.
        ([{"metric": "auc", "max_drop": 0.1}], "received bounds on changes only"),
    ],
)
def test_bounds_that_do_not_go_together_are_refused(bounds, words):
    with pytest.raises(ValidationError, match=words):
        EvaluatorSettings.model_validate({"bounds": bounds})


def test_shares_of_synthetic_images_are_kept_as_they_are_and_cannot_be_changed():
    stage = StageSettings(**STAGE, synthetic={"blend": 0.25, "control": 0.05})
    assert stage.synthetic == {"blend": 0.25, "control": 0.05}
    assert json.loads(stage.model_dump_json())["synthetic"] == {"blend": 0.25, "control": 0.05}
    assert StageSettings.model_validate(stage.model_dump()) == copy.deepcopy(stage) == stage
    assert hash(stage) != hash(StageSettings(**STAGE))
    with pytest.raises(TypeError):
        stage.synthetic["blend"] = 0.5
    assert StageSettings(**STAGE).synthetic == {}


@pytest.mark.parametrize(
    ("shares", "why"),
    [
        ({"blend": 0.0}, "greater than 0"),
        ({"blend": 1.0}, "less than 1"),
        ({"blend": True}, "less than 1"),
        ({"blend": 0.5, "control": 0.5}, "leave room for originals"),
        ({"Blend it": 0.1}, "should match pattern"),
    ],
)
def test_shares_that_no_epoch_can_have_are_refused(shares, why):
    assert why in refusal(StageSettings, STAGE | {"synthetic": shares})
