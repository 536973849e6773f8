"""`deepfake-inspector beam profiles`."""

import json

import click

from pipeline.beam.profiles import PROFILES
from pipeline.commands import options


@click.command(short_help="Explain where Beam's work can be done, and what fits.")
@options.as_json
def profiles(as_json: bool) -> None:
    """Explains the values of --beam, and which fits whom; pipeline/README.md has the commands."""
    if as_json:
        click.echo(json.dumps(PROFILES))
        return
    for name, what in PROFILES.items():
        click.echo(click.wrap_text(what, 100, f"{name:<18}", " " * 18))
