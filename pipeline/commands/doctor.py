"""`deepfake-inspector doctor`: what this machine has, what is missing, and how to get it."""

import json
from pathlib import Path

import click

from pipeline.commands import options

_MARKS = {True: "ok", False: "mend", None: "-"}


@click.command(short_help="Show what this machine has and lacks.")
@options.workspace
@options.as_json
def doctor(workspace: Path, as_json: bool) -> None:
    """Shows what this machine has: Python, TFX, GPU, pretrained weights, ports, disk."""
    from pipeline.machine import findings

    found = findings(workspace)
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in found]))
        return
    for finding in found:
        click.echo(f"{_MARKS[finding.ok]:<8} {finding.subject:<26} {finding.found}")
        if finding.advice:
            click.echo(f"{'':<35} {finding.advice}")
