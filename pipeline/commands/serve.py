"""`deepfake-inspector serve`: the embedded model server."""

from pathlib import Path

import click

from pipeline.commands import options
from serving.defaults import GRPC_PORT, REST_PORT

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(short_help="Serve the newest model over gRPC and REST.")
@click.option(
    "--model-base-path",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of numbered versions.  [default: where `run` pushes to in the workspace]",
)
@options.workspace
@options.model_name
@click.option(
    "--model-config-file",
    type=_FILE,
    help="TensorFlow Serving's list of models, policies and labels instead.",
)
@click.option("--port", default=GRPC_PORT, show_default=True, help="gRPC port; 0 for any free one.")
@click.option(
    "--rest-api-port",
    default=REST_PORT,
    show_default=True,
    help="REST port; 0 for any free one, -1 for none.",
)
@click.option("--web", is_flag=True, help="Open a web page for people, too.")
@click.option("--web-port", default=8080, show_default=True, help="Port of the page; 0 for any free one.")
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="Name that the page may be opened by, beside addresses in numbers and localhost; again for more.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--workers", type=click.IntRange(min=1), help="Requests computed at once.  [default: one a core]"
)
@click.option(
    "--queue",
    type=click.IntRange(min=0),
    default=64,
    show_default=True,
    help="Requests that may wait; further ones are told to come back.",
)
@click.option(
    "--max-request-mb",
    type=click.IntRange(min=1, max=2047),
    default=64,
    show_default=True,
    help="Largest request, in MiB.",
)
@click.option(
    "--backend",
    type=click.Choice(["tensorflow", "openvino"]),
    default="tensorflow",
    show_default=True,
    help="What runs the network; OpenVINO is used for versions whose scores it reproduces.",
)
@click.option("--ssl-config-file", type=_FILE, help="TensorFlow Serving's SSLConfig: encrypts gRPC.")
@click.option(
    "--monitoring-config-file",
    type=_FILE,
    help="TensorFlow Serving's MonitoringConfig.  [default: Prometheus' metrics on the REST port]",
)
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append each verdict to this file, a JSON object a line, without the image: what `monitor` reads.",
)
@click.option(
    "--log-sample",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the images to log.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds that requests may still take after SIGTERM.",
)
def serve(
    model_base_path: Path | None,
    workspace: Path,
    model_name: str,
    model_config_file: Path | None,
    port: int,
    rest_api_port: int,
    web: bool,
    web_port: int,
    allow_host: tuple[str, ...],
    host: str,
    workers: int | None,
    queue: int,
    max_request_mb: int,
    backend: str,
    ssl_config_file: Path | None,
    monitoring_config_file: Path | None,
    log: Path | None,
    log_sample: float,
    grace: float,
) -> None:
    """Serves the newest model over gRPC and REST, as TensorFlow Serving would, until stopped.

    A version that is pushed while it runs is taken up by itself. For TensorFlow Serving's own flags, see
    `python -m serving.model_server --help`.
    """
    from pipeline.workspace import Workspace
    from serving.config import files
    from serving.serve_forever import serve_forever
    from serving.server_options import ServerOptions
    from serving.versions.base_path import check_base_path
    from serving.versions.model_config import one_model

    if model_config_file:
        models = files.read_models(model_config_file)
    else:
        base_path = model_base_path or Workspace(workspace).model_base_path(model_name)
        models = one_model(model_name, check_base_path(base_path))

    def say(line: str) -> None:
        click.echo(line, err=True)

    metrics_path = files.METRICS_PATH
    if monitoring_config_file:
        metrics_path = files.read_metrics_path(monitoring_config_file)
    server_options = ServerOptions(
        host=host,
        port=port,
        rest_port=rest_api_port if rest_api_port >= 0 else None,
        tls=files.read_tls(ssl_config_file) if ssl_config_file else None,
        workers=workers,
        queue=queue,
        max_request_bytes=max_request_mb << 20,
        metrics_path=metrics_path,
        log=log,
        log_sample=log_sample,
        backend=backend,
        on_change=lambda name, status: say(f"model {name}: {status}"),
    )

    def open_page(server):
        from serving.web.gateway import Gateway

        # Through gRPC like any other client, so that its images wait in the same line.
        address = f"localhost:{server.port}"
        gateway = Gateway(address, models.model_config_list.config[0].name, host, web_port, hosts=allow_host)
        say(f"the page is at {gateway.url}")
        return gateway.stop

    if web and server_options.tls:
        raise click.UsageError(
            "--web asks the server without encryption: run `python -m serving.web` beside it."
        )
    serve_forever(models, server_options, grace_s=grace, announce=say, also=open_page if web else None)
