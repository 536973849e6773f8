"""`deepfake-inspector kubeflow lint`: what would stop a compiled pipeline, before it is submitted."""

import json
from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="Say what is wrong with a compiled pipeline.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.as_json
def lint(file: Path, as_json: bool) -> int:
    """Looks at FILE, a .yaml package of `kubeflow compile` or a .json job of `vertex compile`.

    Says in a sentence each what its server would refuse, and what would fail or surprise later. Exit code 1 if there
    is anything.
    """
    from pipeline.runners.kubeflow.linting import lint_file

    findings = lint_file(file)
    if as_json:
        click.echo(json.dumps({"file": str(file), "findings": [finding.as_dict() for finding in findings]}))
    else:
        for finding in findings:
            click.echo(f"{file}: {finding}")
        if not findings:
            click.echo(f"{file}: nothing to say against it")
    return 1 if findings else 0
