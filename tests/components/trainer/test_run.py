"""One whole training: its phase table, its facts, and what a second run may take up."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score
from tensorflow_serving.apis import prediction_log_pb2
from tfx import v1 as tfx

from components.settings import ModelSettings, StageSettings, TrainerSettings, TrainingSettings
from components.trainer.assets import FACTS_FILE, WARMUP_FILE, load_detector
from components.trainer.backbones import BACKBONES, Backbone
from components.trainer.run import PHASE_TABLE_FILE, run_fn

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
        facts: content of the facts file.
        table: the phase table.
    """

    extra: Path
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
    """``train(test="", **changes)``: a training with changes of its `custom_config`."""

    def run(test: str = "", **changes) -> Trained:
        folder = tmp_path_factory.mktemp("trainer")
        fn_args = tfx.components.FnArgs(
            train_files=[f"{splits}/Split-train/*"],
            eval_files=[f"{splits}/Split-val/*", f"{splits / test}/Split-test/*"],
            transform_output=str(Path(transform_graph.transform_savedmodel_dir).parent),
            serving_model_dir=str(folder / "model"),
            model_run_dir=str(folder / "run"),
            custom_config=CUSTOM | {"training_dir": str(kept)} | changes,
        )
        run_fn(fn_args)
        extra = folder / "model" / "assets.extra"
        table = json.loads((folder / "run" / PHASE_TABLE_FILE).read_text())
        return Trained(extra, json.loads((extra / FACTS_FILE).read_text()), table)

    return run


@pytest.fixture(scope="module")
def first(train, small_detector) -> Trained:
    """The first training."""
    with pytest.MonkeyPatch.context() as patch:
        small = Backbone(lambda **shape: small_detector().backbone, (0.0, 255.0), 32)
        patch.setitem(BACKBONES, "efficientnet-b0", small)
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
    assert first.table[-1]["calibration"] == {key: facts[key] for key in ("temperature", "threshold")}

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
            {"settings": CUSTOM["settings"] | {"calibration": {"temperature_scaling": False}}}, id="settings"
        ),
        pytest.param({"training_dir": None}, id="a folder of its own"),
    ],
)
def test_what_another_training_left_is_not_taken_up(train, change, first, no_training):
    with pytest.raises(no_training):
        train(**change)


def test_a_test_split_of_one_class_has_no_auc(train, first, splits, write_transformed, make_pictures):
    pixels, _ = make_pictures(4)
    write_transformed(splits / "one_class" / "Split-test" / "records.gz", pixels, np.ones(4, int))
    assert np.isnan(train(test="one_class").metrics("test")[-1]["auc"])
