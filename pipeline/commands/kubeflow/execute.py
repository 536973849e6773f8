"""`deepfake-inspector kubeflow execute`."""

import json
from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="Run a compiled pipeline here, the way a cluster would.")
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--root",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Takes artifacts, logs and the state of each run.",
)
@click.option(
    "--mode",
    type=click.Choice(["oss", "vertex"]),
    help="Play open-source Kubeflow or Vertex.  [default: vertex for a .json, otherwise oss]",
)
@click.option(
    "--param",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the pipeline; repeatable.",
)
@click.option(
    "--plain-files",
    is_flag=True,
    help="With oss: artifacts are files that every node sees, not objects that a launcher brings it.",
)
@click.option(
    "--node-timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="A node that takes longer is killed, and the run fails.  [default: the spec's own, or an hour]",
)
@options.as_json
def execute(
    spec: Path,
    root: Path,
    mode: str | None,
    parameters: tuple[str, ...],
    plain_files: bool,
    node_timeout: float | None,
    as_json: bool,
) -> None:
    """Runs a compiled pipeline on this machine, node by node, the way a cluster would call each.

    Each node is a process with the very arguments that its container would get: what fails here would fail there.
    Images, resources, retries and what else belongs to Kubernetes is told, not applied.
    """
    from rich.console import Console

    from components.trainer.preemption import stops_on_sigterm
    from pipeline.runners.executing.compiled import read_spec
    from pipeline.runners.executing.running import ExecuteOptions, Mode
    from pipeline.runners.executing.running import execute as execute_spec
    from pipeline.runners.executing.unapplied import unapplied
    from pipeline.terminal.node_view import NodeView

    console = Console(stderr=True)
    compiled = read_spec(spec)
    chosen = ExecuteOptions(
        Mode(mode or ("vertex" if spec.suffix == ".json" else "oss")),
        dict(_name_and_value(one) for one in parameters),
        not plain_files,
        node_timeout,
    )
    for note in unapplied(compiled):
        console.print(f"not applied here: {note}", markup=False, highlight=False, soft_wrap=True)
    with stops_on_sigterm(lambda: f"the artifacts and logs in {root}"), NodeView(console) as view:
        execution = execute_spec(compiled, root, chosen, view)
    if as_json:
        click.echo(json.dumps(execution.as_dict()))
        return
    click.echo(f"Done: {len(execution.nodes)} nodes. What they made:")
    for task, node in execution.nodes.items():
        for key, place in node["artifacts"].items():
            click.echo(f"  {task}.{key}  {place}")


def _name_and_value(text: str) -> tuple[str, str]:
    from pipeline.errors import ConfigError

    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigError(f"--param: expected NAME=VALUE, received '{text}'.")
    return name, value
