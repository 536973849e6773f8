"""One whole training: its phase table, its facts, and what a second run may take up."""

import dataclasses
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.special import expit
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score
from tensorflow_serving.apis import prediction_log_pb2
from tfx import v1 as tfx

from components.calibration import Calibration
from components.calibration.stored_logits import read_logits
from components.errors import TrainingStoppedError
from components.settings import (
    HardwareSettings,
    ModelSettings,
    StageSettings,
    TrainerSettings,
    TrainingSettings,
)
from components.trainer.assets import FACTS_FILE, KERAS_FILE, SCORES_FILE, WARMUP_FILE, load_detector
from components.trainer.epochs import EpochStore
from components.trainer.history import read_history
from components.trainer.run import HISTORY_FILE, PHASE_TABLE_FILE, PLOT_FILE, TENSORBOARD_FOLDER, run_fn

pytestmark = pytest.mark.usefixtures("small_backbone")

STAGES = (
    StageSettings(name="frozen", trainable="none", epochs=2, learning_rate=1e-2),
    StageSettings(name="last", trainable=3, epochs=1, learning_rate=1e-2),
)
SETTINGS = TrainerSettings(
    model=ModelSettings(weights="none", image_size=32, head_units=(8,), head_dropout=(0.1,)),
    training=TrainingSettings(stages=STAGES, batch_size=8),
)
CUSTOM = {
    "settings": SETTINGS.model_dump(mode="json"),
    "weights_hash": None,
    "source_hash": "abc",
    "model_name": "small",
    "smallest_face": 40,
}


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a training left.

    Attributes:
        extra: the folder `assets.extra` of the export.
        run: the folder `model_run`.
        facts: content of the facts file.
        table: the phase table.
    """

    extra: Path
    run: Path
    facts: dict
    table: list[dict]

    def metrics(self, split: str) -> list[dict]:
        """Metrics of one split after each stage."""
        return [next(one for one in row["metrics"] if one["split"] == split) for row in self.table]


@pytest.fixture(scope="module")
def splits(write_transformed, make_pictures, tmp_path_factory) -> Path:
    """Three splits, and a test split whose labels are swapped in `swapped`."""
    folder = tmp_path_factory.mktemp("examples")
    for name, count, first in (("train", 40, 0), ("val", 24, 100), ("test", 20, 200)):
        write_transformed(folder / f"Split-{name}" / "records.gz", *make_pictures(count, first))
    pixels, labels = make_pictures(20, 200)
    write_transformed(folder / "swapped" / "Split-test" / "records.gz", pixels, 1 - labels)
    return folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    """Where stages keep what a later run may take up."""
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def train(splits, kept, transform_graph, tmp_path_factory) -> Callable[..., Trained]:
    """``train(test="", base_model=None, **changes)``: a training with changes of its `custom_config`."""

    def run(test: str = "", base_model: Path | None = None, **changes) -> Trained:
        folder = tmp_path_factory.mktemp("trainer")
        fn_args = tfx.components.FnArgs(
            train_files=[f"{splits}/Split-train/*"],
            eval_files=[f"{splits}/Split-val/*", f"{splits / test}/Split-test/*"],
            transform_output=str(Path(transform_graph.transform_savedmodel_dir).parent),
            serving_model_dir=str(folder / "model"),
            model_run_dir=str(folder / "run"),
            base_model=str(base_model) if base_model else None,
            custom_config=CUSTOM | {"training_dir": str(kept)} | changes,
        )
        run_fn(fn_args)
        extra = folder / "model" / "assets.extra"
        table = json.loads((folder / "run" / PHASE_TABLE_FILE).read_text())
        return Trained(extra, folder / "run", json.loads((extra / FACTS_FILE).read_text()), table)

    return run


@pytest.fixture(scope="module")
def first(train, build_small_backbone) -> Trained:
    """The first training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.applications, "EfficientNetB0", build_small_backbone)
        return train()


@pytest.fixture
def no_training(monkeypatch) -> type[Exception]:
    """The error with which a training ends before it begins."""

    class TrainingError(Exception):
        pass

    def refuse(*arguments, **options):
        raise TrainingError

    monkeypatch.setattr(keras.Model, "fit", refuse)
    return TrainingError


def test_the_table_tells_each_stage_and_ends_with_what_was_exported(first, make_pictures):
    assert [(row["stage"]["name"], row["stage"]["epochs"]) for row in first.table] == [
        ("frozen", 2),
        ("last", 1),
    ]
    facts = first.facts
    told = ("temperature", "threshold", "uncertain")
    assert first.table[-1]["calibration"] == {key: facts[key] for key in told}

    model = load_detector(first.extra)
    for split, count, number in (("val", 24, 100), ("test", 20, 200)):
        pixels, labels = make_pictures(count, number)
        logits = model.predict(pixels / np.float32(255), verbose=0)[:, 0].astype(float)
        scores = expit(logits / facts["temperature"])
        called_fake = scores >= facts["threshold"]
        assert first.metrics(split)[-1] == {
            "split": split,
            "support": count,
            "auc": pytest.approx(roc_auc_score(labels, scores)),
            "accuracy": pytest.approx(accuracy_score(labels, called_fake)),
            "precision_real": pytest.approx(
                precision_score(labels, called_fake, pos_label=0, zero_division=0)
            ),
            "precision_fake": pytest.approx(precision_score(labels, called_fake, zero_division=0)),
            "recall_real": pytest.approx(recall_score(labels, called_fake, pos_label=0)),
            "recall_fake": pytest.approx(recall_score(labels, called_fake)),
        }


def test_the_warm_up_shows_no_face_that_would_be_refused(first):
    smallest = first.facts["input"]["smallest_face"]
    assert smallest > first.facts["input"]["size"]
    logs = tf.data.TFRecordDataset(str(first.extra / WARMUP_FILE)).as_numpy_iterator()
    requests = [prediction_log_pb2.PredictionLog.FromString(log).predict_log.request for log in logs]
    images = [image for one in requests for image in one.inputs["image_bytes"].string_val]
    assert images
    for image in images:
        assert min(tf.io.decode_image(image).shape[:2]) >= smallest


def test_the_facts_say_what_a_reader_needs(first):
    facts = first.facts
    assert facts["label_map"] == {"real": 0, "fake": 1}
    assert facts["model_name"] == "small"
    assert facts["input"] == {
        "size": 32,
        "value_range": [0.0, 1.0],
        "resize": "bilinear, antialiased, rounded to 8 bits",
        "smallest_face": 40,
    }
    assert facts["backbone"] == {"name": "efficientnet-b0", "input_range": [0.0, 255.0]}
    assert TrainerSettings.model_validate(facts["settings"]) == SETTINGS
    assert facts["versions"]["keras"] == keras.__version__


def test_a_second_run_trains_nothing_and_the_test_split_decides_nothing(train, no_training, first):
    # Were anything chosen on the test split, swapping its labels would change it.
    again = train(test="swapped")
    for before, after in zip(first.table, again.table, strict=True):
        assert after["stage"] == before["stage"]
        assert after["calibration"] == before["calibration"]
        assert after["metrics"][0] == before["metrics"][0]
        assert after["metrics"][1]["auc"] == pytest.approx(1 - before["metrics"][1]["auc"])
    assert again.facts == first.facts


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"source_hash": "other"}, id="code"),
        pytest.param({"weights_hash": "other"}, id="weights file"),
        pytest.param(
            {"settings": CUSTOM["settings"] | {"training": CUSTOM["settings"]["training"] | {"seed": 7}}},
            id="settings",
        ),
        pytest.param({"training_dir": None}, id="a folder of its own"),
    ],
)
def test_what_another_training_left_is_not_taken_up(train, change, first, no_training):
    with pytest.raises(no_training):
        train(**change)


def test_another_operating_point_trains_nothing(train, first, no_training):
    again = train(settings=CUSTOM["settings"] | {"calibration": {"objective": "cost=3"}})
    assert [row["stage"] for row in again.table] == [row["stage"] for row in first.table]
    assert again.facts["settings"]["calibration"]["objective"] == "cost=3"


def test_the_logits_travel_with_the_model(first):
    splits = read_logits(first.extra / SCORES_FILE)
    calibration = Calibration.from_facts(first.facts)
    for measured in first.table[-1]["metrics"]:
        logits, labels = splits[measured["split"]]
        assert len(labels) == measured["support"]
        called = calibration.decisions(calibration.scores(logits)) == "fake"
        assert np.mean(called == labels.astype(bool)) == pytest.approx(measured["accuracy"])


def test_a_test_split_of_one_class_has_no_auc(train, first, splits, write_transformed, make_pictures):
    pixels, _ = make_pictures(4)
    write_transformed(splits / "one_class" / "Split-test" / "records.gz", pixels, np.ones(4, int))
    assert np.isnan(train(test="one_class").metrics("test")[-1]["auc"])


def test_the_history_is_there_to_read_and_to_look_at(first):
    rows = read_history(first.run / HISTORY_FILE)
    assert [(row.stage, row.epoch) for row in rows] == [("frozen", 1), ("frozen", 2), ("last", 1)]
    with Image.open(first.run / PLOT_FILE) as plot:
        assert plot.format == "PNG"
    assert list((first.run / TENSORBOARD_FOLDER).rglob("*tfevents*"))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_table_and_another_one_does_not(train, first):
    def timeless(table):
        return [row | {"stage": row["stage"] | {"seconds": 0}} for row in table]

    def settings(**changes):
        return SETTINGS.model_copy(
            update={"training": SETTINGS.training.model_copy(update=changes)}
        ).model_dump(mode="json")

    assert timeless(train(training_dir=None).table) == timeless(first.table)
    assert timeless(train(settings=settings(seed=1), training_dir=None).table) != timeless(first.table)


def test_a_training_in_mixed_precision_is_measured_and_exported_in_float32(train, first):
    hardware = HardwareSettings(precision="mixed_bfloat16")
    training = SETTINGS.training.model_copy(update={"hardware": hardware})
    mixed = train(settings=SETTINGS.model_copy(update={"training": training}).model_dump(mode="json"))
    assert "mixed_bfloat16" in mixed.facts["trained_on"]
    assert keras.config.dtype_policy().name == "float32"
    loaded = keras.saving.load_model(mixed.extra / KERAS_FILE, safe_mode=True, compile=False)
    assert {layer.dtype_policy.name for layer in loaded.layers} == {"float32"}
    # It learned much the same, but not to the bit.
    assert mixed.metrics("val")[-1]["auc"] == pytest.approx(first.metrics("val")[-1]["auc"], abs=0.1)
    assert mixed.facts["temperature"] != first.facts["temperature"]


def test_a_warm_start_begins_where_the_earlier_training_ended(train, first):
    stages = [{"name": "all", "trainable": "all", "epochs": 1, "learning_rate": 1e-30}]
    settings = SETTINGS.model_dump(mode="json")
    settings["training"] |= {"stages": stages, "augmentation": {"horizontal_flip": False}}
    # Not even statistics move: a backbone that was trained before counts as pretrained.
    warm = train(base_model=first.extra.parent, settings=settings)
    for before, after in zip(first.metrics("test")[-1:], warm.metrics("test"), strict=True):
        assert after == before
    for one, other in zip(
        load_detector(first.extra).get_weights(), load_detector(warm.extra).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_sigterm_keeps_the_finished_epochs_and_says_so(train, first, tmp_path, monkeypatch):
    keep = EpochStore.add

    def terminated(store, epoch, model):
        keep(store, epoch, model)
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(EpochStore, "add", terminated)
        with pytest.raises(TrainingStoppedError, match="Kept: 1 of 2 epochs of stage frozen"):
            train(training_dir=str(tmp_path))
    fitted = []
    monkeypatch.setattr(EpochStore, "add", lambda *arguments: fitted.append(arguments[1]) or keep(*arguments))
    resumed = train(training_dir=str(tmp_path))
    assert [(epoch.stage, epoch.epoch) for epoch in fitted] == [("frozen", 2), ("last", 1)]
    assert resumed.metrics("test") == first.metrics("test")


@pytest.mark.gpu
def test_a_gpu_trains_resumes_and_exports_float32(train, tmp_path, monkeypatch):
    keep = EpochStore.add

    def terminated(store, epoch, model):
        keep(store, epoch, model)
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(EpochStore, "add", terminated)
        with pytest.raises(TrainingStoppedError):
            train(training_dir=str(tmp_path))
    trained = train(training_dir=str(tmp_path))
    assert "GPU" in trained.facts["trained_on"]
    loaded = keras.saving.load_model(trained.extra / KERAS_FILE, safe_mode=True, compile=False)
    assert {layer.dtype_policy.name for layer in loaded.layers} == {"float32"}
