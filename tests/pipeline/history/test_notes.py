"""What is noted of a run beyond what TFX notes: configuration, data, machine and versions."""

import os
import platform

import pytest

from pipeline.config import PipelineConfig
from pipeline.history.notes import configuration_of, data_hash, notes_of, noting
from pipeline.history.runs import read_runs


@pytest.fixture
def config():
    return PipelineConfig(name="mine", model={"weights": "none"}, training={"seed": 7})


def test_a_run_is_noted_also_when_it_fails(made_up, config, imported):
    made_up.begin("before")

    def fail():
        with noting(config, imported, made_up.workspace):
            made_up.begin("the run")
            raise RuntimeError("as it happens")

    with pytest.raises(RuntimeError, match="as it happens"):
        fail()
    run, before = read_runs(made_up.store)
    notes = notes_of(run)
    assert notes.configuration == config.model_dump(mode="json", exclude={"phases"})
    assert configuration_of(run)["training"]["seed"] == 7
    assert notes.data == data_hash(imported)
    assert notes.cores == len(os.sched_getaffinity(0))
    assert notes.versions["Python"] == platform.python_version()
    assert {"TFX", "TensorFlow", "Keras", "TFMA", "Apache Beam", "DeepFake-Inspector"} < set(notes.versions)
    assert notes_of(before) is None


def test_nothing_is_noted_where_no_run_began(made_up, config, imported):
    made_up.begin("before")
    with noting(config, imported, made_up.workspace):
        pass
    [run] = read_runs(made_up.store)
    assert notes_of(run) is None


def test_of_a_run_without_notes_the_settings_of_its_training_are_known(made_up):
    made_up.finished("a")
    made_up.begin("b")
    empty, finished = read_runs(made_up.store)
    assert configuration_of(finished) == {
        "model": {"backbone": "efficientnet-b0"},
        "training": {"seed": 42},
    }
    assert configuration_of(empty) == {}


def test_records_from_elsewhere_and_what_is_gone_have_no_name(tmp_path):
    assert data_hash(tmp_path) is None
    assert data_hash(tmp_path / "nowhere") is None
