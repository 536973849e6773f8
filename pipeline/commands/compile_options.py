"""What `kubeflow compile` and `vertex compile` have in common: options, and the deployment they describe."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands import options

if TYPE_CHECKING:
    from pipeline.runners.kubeflow.compiling import Deployment


def compile_options(target: str) -> Callable[[Callable], Callable]:
    """Adds the options; the command gets them as keyword arguments of `deployment`, and `out` and `as_json`.

    Args:
        target: the default of `--target`.
    """

    def add(function: Callable) -> Callable:
        for option in reversed(
            (
                click.option(
                    "--config", "name_or_file", required=True, metavar="NAME|FILE", help="A configuration."
                ),
                click.option(
                    "--target",
                    "target",
                    default=target,
                    show_default=True,
                    metavar="NAME|FILE",
                    help="Where it runs, and what each node gets there.",
                ),
                click.option(
                    "--records",
                    metavar="URI",
                    help="Imported records: gs://…, or a path on a volume of the nodes. A parameter of the pipeline.",
                ),
                click.option(
                    "--push-to",
                    metavar="URI",
                    help="Base path of the served model, likewise. A parameter of the pipeline.",
                ),
                click.option("--pipeline-root", metavar="URI", help="Where nodes write their artifacts."),
                click.option(
                    "--image", metavar="IMAGE", help="Of all nodes, by tag or digest; holds this project."
                ),
                click.option(
                    "--local-records",
                    type=click.Path(exists=True, file_okay=False, path_type=Path),
                    metavar="DIR",
                    help="A copy of the records, or of their cards alone, to read spans and columns from.  "
                    "[default: RECORDS, where that is a folder here; else one imported span without columns]",
                ),
                click.option(
                    "--warm-start", metavar="URI", help="Start from the Model artifact of another run."
                ),
                click.option(
                    "--set",
                    "overrides",
                    multiple=True,
                    metavar="KEY=VALUE",
                    help="Changes the configuration; repeatable.",
                ),
                click.option(
                    "--set-target",
                    "target_overrides",
                    multiple=True,
                    metavar="KEY=VALUE",
                    help="Changes the target, such as nodes.Trainer.gpus=1; repeatable.",
                ),
                click.option(
                    "--out",
                    required=True,
                    type=click.Path(dir_okay=False, path_type=Path),
                    metavar="FILE",
                    help="Where it is written.",
                ),
                options.as_json,
            )
        ):
            function = option(function)
        return function

    return add


def deployment(
    name_or_file: str,
    target: str,
    overrides: tuple[str, ...],
    target_overrides: tuple[str, ...],
    local_records: Path | None,
    warm_start: str | None,
    **given: str | None,
) -> Deployment:
    """What the options describe. What is left out is looked for in the target.

    Raises:
        ConfigError: something is wrong, or missing in both.
    """
    from pipeline.config import load_config
    from pipeline.errors import ConfigError
    from pipeline.runners.kubeflow.target import load_target

    config, where = load_config(name_or_file, overrides), load_target(target, target_overrides)
    values = {name: value or getattr(where, name) for name, value in given.items()}
    if missing := [name for name, value in values.items() if not value]:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise ConfigError(f"Expected {named}, here or in the target '{target}' (as {', '.join(missing)}).")
    if local_records is None and (here := Path(values["records"])).is_dir():
        local_records = here
    with loading_tfx():
        from pipeline.runners.kubeflow.compiling import Deployment

        return Deployment(config, where, local_records=local_records, warm_start=warm_start, **values)


@contextlib.contextmanager
def loading_tfx() -> Iterator[None]:
    """Keeps what libraries say away while TFX works."""
    from rich.console import Console

    from pipeline.terminal.library_output import library_output_to

    with (
        library_output_to(Path(os.devnull)) as person,
        Console(file=person).status("compiling, about 20 s"),
    ):
        yield


def tell_compiled(
    out: Path, spec: dict[str, Any], next_step: str, as_json: bool, notes: Sequence[str] = ()
) -> None:
    """Says what was written, and what to look at."""
    parameters = {
        name: declared["defaultValue"]
        for name, declared in sorted(spec["root"]["inputDefinitions"]["parameters"].items())
    }
    answer = {
        "out": str(out),
        "pipeline": spec["pipelineInfo"]["name"],
        "pipeline_root": spec["defaultPipelineRoot"],
        "parameters": parameters,
        "nodes": sorted(spec["root"]["dag"]["tasks"]),
        "notes": list(notes),
    }
    for note in notes:
        click.echo(f"Note: {note}", err=True)
    if as_json:
        click.echo(json.dumps(answer))
        return
    click.echo(f"{out}: pipeline '{answer['pipeline']}' of {len(answer['nodes'])} nodes")
    for name, value in parameters.items():
        click.echo(f"  {name:<10} {value}")
    click.echo(next_step)
