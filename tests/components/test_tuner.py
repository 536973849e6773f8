"""The search, as TFX's Tuner runs it: what it tries, what it keeps, and what a killed one goes on with."""

import dataclasses
import json
import logging
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tfx import v1 as tfx
from tfx.components.tuner.executor import Executor
from tfx.proto import trainer_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import json_utils, proto_utils

from components.errors import TrainingStoppedError
from components.progress import PROGRESS
from components.settings import ModelSettings, StageSettings, TrainerSettings, TrainingSettings, TunerSettings
from components.trainer.hyperparameters import with_hyperparameters
from components.trainer.stages import StageResult, StageRunner
from components.transform import IMAGE_PNG, LABEL
from components.tuner import tuner_fn

pytestmark = pytest.mark.usefixtures("small_backbone")

_SETTINGS = TrainerSettings(
    model=ModelSettings(weights="none", image_size=32, head_units=(8, 16), head_dropout=(0.1, 0.1)),
    training=TrainingSettings(
        batch_size=8,
        # Keras takes a seed of 0 for one; keras_tuner for none.
        seed=0,
        stages=(
            StageSettings(name="frozen", trainable="none", epochs=5, learning_rate=1e-2),
            StageSettings(name="last", trainable=3, epochs=1, augment=False),
        ),
    ),
)
_TUNER = TunerSettings(
    trials=3,
    epochs=2,
    head_width=(4, 8),
    head_dropout=(0.0, 0.2),
    learning_rate=(1e-3, 1e-1),
    last_layers=(2, 3),
)


@dataclasses.dataclass(frozen=True)
class Searched:
    """What a search left: the best hyperparameters, the results of all trials, and what was told."""

    best: dict
    results: list[dict]
    told: list[str]


@pytest.fixture(scope="module")
def examples(picture, encode, tmp_path_factory) -> Path:
    """Transformed records of all three splits; those of the test split cannot be read."""
    folder = tmp_path_factory.mktemp("examples")
    for split, count, first in (("train", 32, 0), ("val", 24, 100)):
        path = folder / f"Split-{split}" / "transformed_examples.gz"
        path.parent.mkdir()
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for number in range(count):
                label = number % 2
                image = encode(picture(label, first + number, 32, 32))
                features = {
                    IMAGE_PNG: tf.train.Feature(bytes_list=tf.train.BytesList(value=[image])),
                    LABEL: tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                }
                message = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(message.SerializeToString())
    (folder / "Split-test").mkdir()
    (folder / "Split-test" / "transformed_examples.gz").write_bytes(b"must not be opened")
    return folder


@pytest.fixture
def search(examples, transform_graph, tmp_path, caplog) -> Callable[..., Searched]:
    """``search(settings=…, tuner=…, **custom)``: runs TFX's Tuner; all searches share a training folder."""

    def artifact(kind, folder: Path):
        made = kind()
        made.uri = str(folder)
        folder.mkdir(parents=True, exist_ok=True)
        return made

    runs = []

    def run(settings=_SETTINGS, tuner=_TUNER, **custom) -> Searched:
        folder = tmp_path / f"run-{len(runs)}"
        runs.append(folder)
        records = artifact(standard_artifacts.Examples, examples)
        records.split_names = artifact_utils.encode_split_names(["train", "val", "test"])
        graph = Path(transform_graph.transform_savedmodel_dir).parent
        outputs = {
            "best_hyperparameters": [artifact(standard_artifacts.HyperParameters, folder / "best")],
            "tuner_results": [artifact(standard_artifacts.TunerResults, folder / "results")],
        }
        caplog.clear()
        with caplog.at_level(logging.INFO, "absl"):
            Executor(Executor.Context(tmp_dir=str(folder / "tmp"), unique_id="1")).Do(
                {
                    "examples": [records],
                    "transform_graph": [artifact(standard_artifacts.TransformGraph, graph)],
                },
                outputs,
                {
                    "tuner_fn": "components.tuner.tuner_fn",
                    "train_args": proto_utils.proto_to_json(trainer_pb2.TrainArgs(splits=["train"])),
                    "eval_args": proto_utils.proto_to_json(trainer_pb2.EvalArgs(splits=["val", "test"])),
                    "custom_config": json_utils.dumps(
                        {
                            "settings": settings.model_dump(mode="json"),
                            "tuner": tuner.model_dump(mode="json"),
                            "weights_hash": None,
                            "source_hash": "abc",
                            "training_dir": str(tmp_path / "training"),
                        }
                        | custom
                    ),
                },
            )
        return Searched(
            json.loads((folder / "best" / "best_hyperparameters.txt").read_text()),
            json.loads((folder / "results" / "tuner_results.json").read_text()),
            [record.args[0] for record in caplog.records if record.msg == PROGRESS],
        )

    return run


@pytest.fixture
def trainings(monkeypatch) -> list[TrainerSettings]:
    """The settings of each training that begins; none is really trained, and the narrower head wins."""
    begun = []

    def run(self, stage: StageSettings) -> StageResult:
        settings = self._settings
        if stage is settings.training.stages[0]:
            begun.append(settings)
        return StageResult(
            stage.name, str(stage.trainable), 0, stage.epochs, 1 / max(settings.model.head_units), 1.0
        )

    monkeypatch.setattr(StageRunner, "run", run)
    return begun


def test_a_search_trains_and_keeps_the_best(search, tmp_path):
    found = search()
    assert len(found.results) == 3
    scores = [one["score"] for one in found.results]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)
    best = {name: value for name, value in found.results[0].items() if name not in ("trial_id", "score")}
    assert found.best["values"] == best
    for one in found.results:
        assert one["head_width"] in _TUNER.head_width
        assert one["head_dropout"] in _TUNER.head_dropout
        assert one["last_layers/last"] in _TUNER.last_layers
        assert all(1e-3 <= one[f"learning_rate/{stage}"] <= 1e-1 for stage in ("frozen", "last"))

    tuned = with_hyperparameters(_SETTINGS, found.best)
    assert max(tuned.model.head_units) == best["head_width"]
    assert tuned.training.stages[0].learning_rate == best["learning_rate/frozen"]

    assert [text for text in found.told if text.startswith("trial 3 of 3: val_auc ")]
    assert [text for text in found.told if text.startswith("trial 2 of 3: head_width ")]
    # No weights are left.
    assert not list(tmp_path.glob("training/**/*.h5"))


def test_a_trial_is_worth_what_its_detector_reaches_on_the_validation_split(search, examples, monkeypatch):
    trained = []
    run = StageRunner.run

    def kept(self, stage):
        result = run(self, stage)
        trained.append((stage.name, self._detector.model().get_weights(), self._detector))
        return result

    monkeypatch.setattr(StageRunner, "run", kept)
    [result] = search(tuner=_TUNER.model_copy(update={"trials": 1})).results
    assert [name for name, *_ in trained] == ["frozen", "last"]
    records = tf.data.TFRecordDataset(str(examples / "Split-val/transformed_examples.gz"), "GZIP")
    parsed = [tf.train.Example.FromString(one.numpy()).features.feature for one in records]
    pixels = np.stack([tf.io.decode_png(one[IMAGE_PNG].bytes_list.value[0]).numpy() for one in parsed]) / 255
    labels = np.array([one[LABEL].int64_list.value[0] for one in parsed])
    _, weights, detector = trained[-1]
    model = detector.model()
    model.set_weights(weights)
    auc = keras.metrics.AUC(from_logits=True)
    auc.update_state(labels, model.predict(pixels.astype(np.float32), verbose=0)[:, 0])
    assert result["score"] == pytest.approx(float(auc.result()), abs=1e-3)


def test_every_trial_is_another_training_of_few_epochs(search, trainings):
    search()
    assert len(trainings) == 3
    assert len({settings.model_dump_json() for settings in trainings}) == 3
    for settings in trainings:
        assert [stage.epochs for stage in settings.training.stages] == [2, 1]
        assert settings.training.seed == _SETTINGS.training.seed


@pytest.mark.slow
def test_the_same_search_tries_the_same_and_another_seed_something_else(search, trainings, tmp_path):
    first = search(training_dir=str(tmp_path / "a"))
    assert search(training_dir=str(tmp_path / "b")).results == first.results
    assert trainings[:3] == trainings[3:6]
    other = _SETTINGS.training.model_copy(update={"seed": 1})
    search(_SETTINGS.model_copy(update={"training": other}), training_dir=str(tmp_path / "c"))
    assert trainings[6].model != trainings[0].model or (
        trainings[6].training.stages != trainings[0].training.stages
    )


def test_what_is_low_is_good_when_the_loss_is_monitored(search, trainings):
    loss = _SETTINGS.training.model_copy(update={"monitor": "val_loss"})
    by_auc = search().results
    by_loss = search(_SETTINGS.model_copy(update={"training": loss})).results
    assert by_auc[0]["head_width"] == min(_TUNER.head_width)
    assert by_loss[0]["head_width"] == max(_TUNER.head_width)


def test_more_trials_go_on_after_those_that_are_done(search, trainings):
    first = search()
    more = search(tuner=_TUNER.model_copy(update={"trials": 5}))
    assert len(trainings) == 5
    assert len(more.results) == 5
    values = [{**one, "trial_id": None} for one in more.results]
    assert all({**one, "trial_id": None} in values for one in first.results)


@pytest.mark.slow
def test_another_source_searches_anew(search, trainings):
    search()
    search(source_hash="other")
    assert len(trainings) == 6


@pytest.mark.slow
def test_a_killed_search_goes_on_where_it_was(search, tmp_path, monkeypatch):
    two = _TUNER.model_copy(update={"trials": 2})
    whole = search(tuner=two, training_dir=str(tmp_path / "whole"))
    fits, fit = [], keras.Model.fit

    def killed_in_the_second_trial(self, *arguments, **options):
        fits.append(self)
        if len(fits) == 4:
            raise TrainingStoppedError
        return fit(self, *arguments, **options)

    monkeypatch.setattr(keras.Model, "fit", killed_in_the_second_trial)
    with pytest.raises(TrainingStoppedError):
        search(tuner=two)
    again = search(tuner=two)
    # Two stages of the first trial and the first of the second; of the last, both what was killed and a new try.
    assert len(fits) == 3 + 2
    for before, after in zip(whole.results, again.results, strict=True):
        assert after == {**before, "score": pytest.approx(before["score"], abs=1e-6)}


@pytest.mark.slow
def test_a_folder_of_this_run_alone_is_enough(search, trainings):
    assert len(search(training_dir=None).results) == 3
    search(training_dir=None)
    assert len(trainings) == 6


def test_what_goes_wrong_in_a_trial_ends_the_search(search):
    too_many = _TUNER.model_copy(update={"last_layers": (99,)})
    with pytest.raises(ValueError, match=r"stage 'last': expected trainable to be .* received 99") as caught:
        search(tuner=too_many)
    assert type(caught.value) is ValueError


def test_a_value_that_is_no_number_is_never_the_best(search, monkeypatch):
    values = iter([0.6, float("nan"), 0.7])
    result = StageResult("last", "3", 1, 1, 0.0, 1.0)

    def run(self, stage):
        best = next(values) if stage.name == "last" else 0.5
        return dataclasses.replace(result, name=stage.name, best=best)

    monkeypatch.setattr(StageRunner, "run", run)
    assert [one["score"] for one in search().results] == [0.7, 0.6]
    values = iter([float("nan")])
    with pytest.raises(RuntimeError, match="expected val_auc of at least one trial"):
        search(tuner=_TUNER.model_copy(update={"trials": 1}), source_hash="other")


def test_a_search_space_with_fewer_points_than_trials_is_told(search, trainings):
    only = {
        "head_width": (4,),
        "head_dropout": (0.0, 0.2),
        "learning_rate": (1e-3, 1e-3),
        "last_layers": (3,),
    }
    found = search(tuner=TunerSettings(trials=5, **only))
    assert len(found.results) == 2
    assert "only 2 of 5 trials differ" in found.told


def test_a_model_to_start_from_is_refused():
    with pytest.raises(ValueError, match="expected no model to start from"):
        tuner_fn(tfx.components.FnArgs(base_model="somewhere", custom_config={}))
