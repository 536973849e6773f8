"""`deepfake-inspector run`: the whole pipeline, on this machine."""

import json
from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="Run the whole pipeline on this machine.")
@click.option("--config", "name_or_file", required=True, metavar="NAME|FILE", help="A configuration.")
@click.option(
    "--data",
    "source",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Imported records, or a source: a folder with real/ and fake/, a zip archive, a list of images.",
)
@options.workspace
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Changes the configuration; repeatable."
)
@options.as_json
def run(name_or_file: str, source: Path, workspace: Path, overrides: tuple[str, ...], as_json: bool) -> int:
    """Runs the whole pipeline: from images or records to a blessed, pushed model.

    What has not changed since the last run in the same workspace comes from its cache.
    """
    from rich.console import Console

    from pipeline.config import load_config
    from pipeline.local_run import run_and_report
    from pipeline.workspace import Workspace

    config = load_config(name_or_file, overrides)
    report = run_and_report(config, source, Workspace.create(workspace))
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    else:
        from pipeline.terminal.report_text import report_text

        Console(soft_wrap=True).print(report_text(report))
    return 0 if report.pushed_to else 1
