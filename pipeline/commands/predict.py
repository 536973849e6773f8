"""`deepfake-inspector predict`: verdicts from a running server."""

import json
from pathlib import Path

import click

from pipeline.commands import options

_COLUMNS = ("path", "score", "decision", "threshold", "model_version")


@click.command(short_help="Ask a server: real or fake?")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.server
@options.as_json
def predict(
    paths: tuple[Path, ...],
    address: str,
    model_name: str,
    model_version: int | None,
    timeout: float,
    as_json: bool,
) -> int:
    """Asks a server whether the images at PATHS (files or folders) are real or fake.

    Answers one line an image, in the order given: path, score (the probability that it is fake), decision,
    threshold, model version. Ends with exit code 1 when an image got no verdict.
    """
    from serving.client import Client
    from serving.inputs import expand_paths

    images = expand_paths(paths)
    all_answered = True
    with Client(address, model_name=model_name, version=model_version, timeout_s=timeout) as client:
        if not as_json:
            click.echo("\t".join(_COLUMNS), err=True)
        for verdict in client.stream(images):
            all_answered &= verdict.ok
            if as_json:
                click.echo(json.dumps(verdict.as_dict()))
            elif verdict.ok:
                click.echo(
                    f"{verdict.path}\t{verdict.score:.6f}\t{verdict.decision}\t{verdict.threshold:.6f}\t"
                    f"{verdict.model_version}"
                )
            else:
                click.echo(f"{verdict.path}: no verdict: {verdict.error}", err=True)
    return 0 if all_answered else 1
