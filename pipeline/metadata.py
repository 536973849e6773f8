"""ML Metadata of a workspace: opened, and refused where it cannot be gone on with."""

import ml_metadata
from ml_metadata.proto import metadata_store_pb2
from tfx import v1 as tfx

from pipeline.errors import ConfigError
from pipeline.workspace import Workspace


def connection(workspace: Workspace) -> metadata_store_pb2.ConnectionConfig:
    """How TFX reaches the store."""
    return tfx.orchestration.metadata.sqlite_metadata_connection_config(str(workspace.metadata))


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
