"""`deepfake-inspector evaluate`: what is a pushed model worth on other images?"""

import json
from pathlib import Path

import click

from data.example import SPLITS
from pipeline.commands import options

_ALL = "all"


@click.command(short_help="Measure a pushed model on any labelled images.")
@click.argument("model_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--data",
    "source",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Imported records, or a source: a folder with real/ and fake/, a zip archive, a list of images.",
)
@click.option(
    "--split",
    type=click.Choice([_ALL, *SPLITS]),
    default=_ALL,
    show_default=True,
    help="Which images; of the records that the model was trained on, test.",
)
@click.option(
    "--robustness",
    is_flag=True,
    help="Also score copies that were compressed, blurred, cut and the like, or attacked with the model's gradients.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.html",
    help="Where the page goes.  [default: the folder of the evaluation, below WORKSPACE/reports]",
)
@options.workspace
@options.as_json
def evaluate(
    model_dir: Path,
    source: Path,
    split: str,
    robustness: bool,
    out: Path | None,
    workspace: Path,
    as_json: bool,
) -> None:
    """Measures the pushed model at MODEL_DIR on labelled images, without training, and writes the report of it.

    The metrics are those of a run: by slice, with intervals, at the model's own threshold and over a grid. Images
    that the model has learned from are refused, as far as the workspace tells which they are.
    """
    from pipeline.errors import ConfigError
    from pipeline.evaluation.measuring import evaluate_model
    from pipeline.pushed_model import open_model
    from pipeline.workspace import Workspace

    model = open_model(model_dir)
    if out and not out.parent.is_dir():
        # Told now, and not after an hour of scoring.
        raise ConfigError(f"--out: expected a file in a folder that exists, received '{out}'.")
    report = evaluate_model(
        model, source, Workspace.create(workspace), split, robustness, out.resolve() if out else None
    )
    if as_json:
        click.echo(json.dumps(report.as_dict()))
        return
    from rich.console import Console

    from pipeline.terminal.evaluation_text import evaluation_text

    Console(soft_wrap=True).print(evaluation_text(report))
