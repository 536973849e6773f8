"""The statistics of the served model's data, found in a store that is made up."""

import json

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.metadata import open_metadata
from pipeline.served_data import served_statistics
from pipeline.workspace import Workspace

MODEL = "detector"


class Runs:
    """Writes runs into the store of a workspace, each with some outputs."""

    def __init__(self, workspace):
        self.workspace, self.store = workspace, open_metadata(workspace)
        self.run_type = self.store.put_context_type(mlmd.ContextType(name="pipeline_run"))
        self.step_type = self.store.put_execution_type(mlmd.ExecutionType(name="step"))

    def add(self, *artifacts, read=None):
        """A run whose steps, made or from the cache, put these out, on the records in `read`; returns nothing."""
        number = len(self.store.get_contexts()) + 1
        run = mlmd.Context(type_id=self.run_type, name=str(number))
        for artifact in artifacts:
            step = mlmd.Execution(type_id=self.step_type)
            if read:
                step.custom_properties["input_base"].string_value = str(read)
            event = mlmd.Event(type=mlmd.Event.OUTPUT)
            _, [made], [where] = self.store.put_execution(step, [(artifact, event)], [run])
            artifact.id, run.id = made, where

    def artifact(self, kind, folder):
        type_id = self.store.put_artifact_type(mlmd.ArtifactType(name=kind))
        return mlmd.Artifact(type_id=type_id, uri=str(self.workspace.artifacts / folder))

    def statistics(self, name, written=True):
        artifact = self.artifact("ExampleStatistics", f"StatisticsGen/statistics/{name}")
        if written:
            file = self.workspace.artifacts / f"StatisticsGen/statistics/{name}/Split-train/FeatureStats.pb"
            file.parent.mkdir(parents=True)
            file.touch()
        return artifact

    def pushed(self, version):
        """What Pusher puts out; None for a model that was not pushed."""
        artifact = self.artifact("PushedModel", f"Pusher/pushed_model/{version}")
        artifact.custom_properties["pushed"].int_value = int(version is not None)
        if version is not None:
            path = self.workspace.model_base_path(MODEL) / str(version)
            path.mkdir(parents=True, exist_ok=True)
            artifact.custom_properties["pushed_destination"].string_value = str(path)
        return artifact


@pytest.fixture
def workspace(tmp_path):
    return Workspace.create(tmp_path / "workspace")


@pytest.fixture
def runs(workspace):
    return Runs(workspace)


def _found(workspace):
    folder = served_statistics(workspace, MODEL)
    return folder and folder.name


def test_nothing_is_served_before_the_first_push(workspace, runs):
    assert _found(workspace) is None
    runs.add(runs.statistics("a"), runs.pushed(None))
    workspace.model_base_path(MODEL).mkdir(parents=True)
    assert _found(workspace) is None


def test_the_run_that_pushed_the_highest_version_counts(workspace, runs):
    runs.add(runs.statistics("a"), runs.pushed(9))
    runs.add(runs.statistics("b"), runs.pushed(10))
    runs.add(runs.statistics("c"), runs.pushed(None))
    assert _found(workspace) == "b"


def test_after_a_roll_back_it_is_the_version_before(workspace, runs):
    runs.add(runs.statistics("a"), runs.pushed(9))
    runs.add(runs.statistics("b"), runs.pushed(10))
    (workspace.model_base_path(MODEL) / "10").rename(workspace.root / "10")
    assert _found(workspace) == "a"


def test_of_runs_that_came_from_the_cache_the_newest_counts(workspace, runs):
    pushed = runs.pushed(1)
    runs.add(runs.statistics("a"), pushed)
    runs.add(runs.statistics("b"), pushed)
    assert _found(workspace) == "b"


def test_statistics_that_came_from_the_cache_count(workspace, runs):
    statistics = runs.statistics("a")
    runs.add(statistics, runs.pushed(1))
    runs.add(statistics, runs.pushed(2))
    assert _found(workspace) == "a"


def test_statistics_that_are_gone_or_a_version_from_elsewhere_are_none(workspace, runs):
    runs.add(runs.statistics("a"), runs.pushed(1))
    (workspace.model_base_path(MODEL) / "7").mkdir()
    assert _found(workspace) is None
    runs.add(runs.statistics("b", written=False), runs.pushed(8))
    assert _found(workspace) is None


def test_a_version_that_was_calibrated_was_trained_on_what_its_origin_was(workspace, runs):
    runs.add(runs.statistics("a"), runs.pushed(1))
    for version, origin in ((7, "1"), (8, "7")):
        facts = workspace.model_base_path(MODEL) / str(version) / "assets.extra/detector.json"
        facts.parent.mkdir(parents=True)
        facts.write_text(json.dumps({"calibrated_from": origin}))
    assert _found(workspace) == "a"


def test_another_model_is_another_matter(workspace, runs):
    runs.add(runs.statistics("a"), runs.pushed(1))
    assert served_statistics(workspace, "other") is None


def test_versions_that_were_trained_on_the_same_data_are_passed_over(workspace, runs):
    ours = workspace.records / "faces-phases-1"
    runs.add(runs.statistics("a"), runs.pushed(1), read=workspace.records / "others")
    runs.add(runs.statistics("b"), runs.pushed(2), read=ours / "mini")
    runs.add(runs.statistics("c"), runs.pushed(3), read=ours / "full")
    assert _found(workspace) == "c"
    assert served_statistics(workspace, MODEL, apart_from=ours).name == "a"
    assert served_statistics(workspace, MODEL, apart_from=workspace.records) is None
