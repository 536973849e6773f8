"""ML Metadata of a workspace: opened, and refused where it cannot be gone on with; what a run put out."""

from pathlib import Path

import ml_metadata
from ml_metadata.proto import metadata_store_pb2

from pipeline.errors import ConfigError
from pipeline.workspace import Workspace

_IMPORTER = "tfx.dsl.components.common.importer.Importer"


def connection(workspace: Workspace) -> metadata_store_pb2.ConnectionConfig:
    """How TFX reaches the store.

    What TFX's own `sqlite_metadata_connection_config` gives, without the seconds that importing TFX takes.
    """
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(workspace.metadata)
    config.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    return config


def open_metadata(workspace: Workspace) -> ml_metadata.MetadataStore:
    """Opens the store; makes it if needed.

    Raises:
        ConfigError: another stack's ML Metadata wrote it and this one's cannot read it, it is no store, or the
            workspace has been moved: the store holds absolute paths.
    """
    try:
        store = ml_metadata.MetadataStore(connection(workspace))
    except (RuntimeError, ml_metadata.errors.StatusError) as error:
        raise ConfigError(
            f"--workspace: this installation cannot use '{workspace.metadata}': {' '.join(str(error).split())} Go on "
            "with the stack that wrote it (STACK=today or STACK=elder before `make setup`), or give another "
            "--workspace."
        ) from error
    for artifact in store.get_artifacts(list_options=ml_metadata.ListOptions(limit=1)):
        made_at = artifact.uri.partition(f"/{workspace.artifacts.name}/")[0]
        if made_at != str(workspace.root):
            raise ConfigError(
                f"--workspace: '{workspace.root}' was made at '{made_at}', and its metadata names the files there. "
                "Move it back, or give another --workspace; models can be served from where they are."
            )
    return store


def run_outputs(store: ml_metadata.MetadataStore, run: int) -> list[metadata_store_pb2.Artifact]:
    """What the steps of a run put out.

    Those from the cache are included: their executions point at the earlier outputs. What an Importer brought in,
    such as the model of a warm start, is no output of the run.

    Args:
        store: of the workspace.
        run: id of its context.
    """
    executions = [one.id for one in store.get_executions_by_context(run) if one.type != _IMPORTER]
    return _artifacts(store, executions, metadata_store_pb2.Event.OUTPUT) if executions else []


def inputs_of_maker(
    store: ml_metadata.MetadataStore, artifact: metadata_store_pb2.Artifact
) -> list[metadata_store_pb2.Artifact]:
    """What the step that made an artifact read."""
    makers = [
        event.execution_id
        for event in store.get_events_by_artifact_ids([artifact.id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    return _artifacts(store, makers, metadata_store_pb2.Event.INPUT) if makers else []


def pushed_destination(artifact: metadata_store_pb2.Artifact) -> Path | None:
    """Where a PushedModel was pushed to; None for one that was not, and for other artifacts."""
    properties = artifact.custom_properties
    if "pushed_destination" not in properties or properties["pushed"].int_value != 1:
        return None
    return Path(properties["pushed_destination"].string_value)


def _artifacts(
    store: ml_metadata.MetadataStore, executions: list[int], direction: int
) -> list[metadata_store_pb2.Artifact]:
    found = {
        event.artifact_id
        for event in store.get_events_by_execution_ids(executions)
        if event.type == direction
    }
    return store.get_artifacts_by_id(sorted(found)) if found else []
