"""`deepfake-inspector serve`: the embedded model server."""

from pathlib import Path

import click

from pipeline.commands import options
from serving.defaults import GRPC_PORT


@click.command(short_help="Serve the newest model over gRPC.")
@click.option(
    "--model-base-path",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of numbered versions.  [default: where `run` pushes to in the workspace]",
)
@options.workspace
@options.model_name
@click.option("--port", default=GRPC_PORT, show_default=True, help="gRPC port; 0 for any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--workers", type=click.IntRange(min=1), help="Requests computed at once.  [default: one a core]"
)
def serve(
    model_base_path: Path | None, workspace: Path, model_name: str, port: int, host: str, workers: int | None
) -> None:
    """Serves the newest model over gRPC, as TensorFlow Serving would, until stopped.

    A version that is pushed while it runs is taken up by itself.
    """
    from pipeline.workspace import Workspace
    from serving.server import serve_forever

    base_path = model_base_path or Workspace(workspace).model_base_path(model_name)
    serve_forever(
        base_path,
        model_name,
        port=port,
        host=host,
        workers=workers,
        announce=lambda line: click.echo(line, err=True),
    )
