"""What the model that is served now was trained on: the statistics of its data, found through ML Metadata."""

from pathlib import Path

import ml_metadata
from ml_metadata.proto import metadata_store_pb2

from pipeline.metadata import open_metadata
from pipeline.workspace import Workspace


def served_statistics(workspace: Workspace, model_name: str) -> Path | None:
    """The folder of the ExampleStatistics of the run that pushed the served version; its newest run, if several did.

    Args:
        workspace: of the run to come.
        model_name: the name the model is served under.

    Returns:
        None when nothing is served, when the version came from elsewhere, or when the statistics are gone.

    Raises:
        ConfigError: see `pipeline.metadata.open_metadata`.
    """
    served = _served_version(workspace.model_base_path(model_name))
    if served is None:
        return None
    store = open_metadata(workspace)
    runs = sorted(store.get_contexts_by_type("pipeline_run"), key=lambda context: context.id, reverse=True)
    for run in runs:
        outputs = _outputs(store, run.id)
        if any(artifact.type == "PushedModel" and _destination(artifact) == served for artifact in outputs):
            found = [Path(artifact.uri) for artifact in outputs if artifact.type == "ExampleStatistics"]
            return next((folder for folder in found if any(folder.glob("Split-*/FeatureStats.pb"))), None)
    return None


def _served_version(base: Path) -> Path | None:
    """TensorFlow Serving serves the version of the highest number."""
    if not base.is_dir():
        return None
    versions = [path for path in base.iterdir() if path.name.isdecimal() and path.is_dir()]
    return max(versions, key=lambda path: int(path.name), default=None)


def _outputs(store: ml_metadata.MetadataStore, run: int) -> list[metadata_store_pb2.Artifact]:
    """Of all steps of a run, those from the cache included: their executions point at the earlier outputs."""
    executions = [execution.id for execution in store.get_executions_by_context(run)]
    if not executions:
        return []
    outputs = {
        event.artifact_id
        for event in store.get_events_by_execution_ids(executions)
        if event.type == metadata_store_pb2.Event.OUTPUT
    }
    return store.get_artifacts_by_id(sorted(outputs))


def _destination(artifact: metadata_store_pb2.Artifact) -> Path | None:
    properties = artifact.custom_properties
    if "pushed_destination" not in properties:
        return None
    return Path(properties["pushed_destination"].string_value)
