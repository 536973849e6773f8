"""A workspace whose metadata cannot be gone on with is refused in one sentence that names the way out."""

import contextlib
import sqlite3

import pytest
from ml_metadata.proto import metadata_store_pb2

from pipeline.errors import ConfigError
from pipeline.metadata import open_metadata, run_outputs
from pipeline.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    """A workspace with one artifact in its store."""
    workspace = Workspace.create(tmp_path / "workspace")
    store = open_metadata(workspace)
    kind = store.put_artifact_type(metadata_store_pb2.ArtifactType(name="Examples"))
    uri = str(workspace.artifacts / "ImportExampleGen/examples/1")
    store.put_artifacts([metadata_store_pb2.Artifact(type_id=kind, uri=uri)])
    return workspace


def _shift_schema_version(workspace: Workspace, by: int) -> None:
    with contextlib.closing(sqlite3.connect(workspace.metadata)) as database, database:
        database.execute("UPDATE MLMDEnv SET schema_version = schema_version + ?", (by,))


def test_it_is_opened_again(workspace):
    assert [kind.name for kind in open_metadata(workspace).get_artifact_types()] == ["Examples"]


@pytest.mark.parametrize(
    ("by", "words"), [(1, "is greater than library version"), (-1, "is older than library version")]
)
def test_a_store_of_another_schema_names_both_versions_and_the_way_out(workspace, by, words):
    _shift_schema_version(workspace, by)
    before = workspace.metadata.read_bytes()
    with pytest.raises(ConfigError, match=words) as caught:
        open_metadata(workspace)
    assert "STACK=today" in str(caught.value)
    assert "another --workspace" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert workspace.metadata.read_bytes() == before


def test_a_file_that_is_no_store(workspace):
    workspace.metadata.write_bytes(b"no database" * 1000)
    with pytest.raises(ConfigError, match="cannot use"):
        open_metadata(workspace)


def test_a_workspace_that_was_moved_names_the_old_place(workspace):
    moved = workspace.root.rename(workspace.root.with_name("elsewhere"))
    with pytest.raises(ConfigError, match=f"'{moved}' was made at '{workspace.root}'"):
        open_metadata(Workspace.create(moved))


def test_what_an_importer_brought_in_is_no_output_of_the_run(workspace):
    store = open_metadata(workspace)
    kind = store.put_artifact_type(metadata_store_pb2.ArtifactType(name="Model"))
    run_type = store.put_context_type(metadata_store_pb2.ContextType(name="pipeline_run"))
    steps = {
        name: store.put_execution_type(metadata_store_pb2.ExecutionType(name=name))
        for name in (
            "tfx.dsl.components.common.importer.Importer",
            "tfx.components.trainer.component.Trainer",
        )
    }
    for number in (1, 2):
        run = metadata_store_pb2.Context(type_id=run_type, name=f"run {number}")
        for name, step in steps.items():
            model = metadata_store_pb2.Artifact(type_id=kind, uri=f"{name}/{number}")
            event = metadata_store_pb2.Event(type=metadata_store_pb2.Event.OUTPUT)
            _, _, [run.id] = store.put_execution(
                metadata_store_pb2.Execution(type_id=step), [(model, event)], [run]
            )
    run = max(store.get_contexts_by_type("pipeline_run"), key=lambda one: one.id)
    assert run.name == "run 2"
    assert [one.uri for one in run_outputs(store, run.id)] == ["tfx.components.trainer.component.Trainer/2"]
