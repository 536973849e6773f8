"""`deepfake-inspector calibrate`: another threshold objective for a pushed model, as a new version."""

import json
import tempfile
from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="Give a pushed model another threshold.")
@click.argument("model_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--objective",
    required=True,
    metavar="OBJECTIVE",
    help="What the threshold is chosen for: best-f1, fpr=0.01 (false positive rate), precision=0.95 (of fake) or "
    "cost=10 (a false alarm costs so many misses).",
)
@click.option(
    "--uncertain-max-error",
    type=float,
    metavar="SHARE",
    help="Answer uncertain near the threshold, so that at most this share of the other answers is wrong on "
    "validation.  [default: real or fake only]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="BASE_PATH",
    help="Folder of numbered versions to push to.  [default: the one MODEL_DIR is in]",
)
@options.as_json
def calibrate(
    model_dir: Path, objective: str, uncertain_max_error: float | None, out: Path | None, as_json: bool
) -> None:
    """Chooses another threshold for the model in MODEL_DIR and pushes it as a new version. Nothing is trained.

    MODEL_DIR is a version folder, such as workspace/models/deepfake-inspector/1795581903. The threshold is chosen on
    the validation scores that the model carries; what it does on the test split is only reported. The new version is
    loaded as TensorFlow Serving does before it can be seen, and a running server takes it up by itself.
    """
    from pipeline.recalibration import push_recalibrated
    from pipeline.terminal.library_output import library_output_to

    # What goes wrong comes as an exception; what the libraries say besides helps nobody here.
    with (
        tempfile.TemporaryDirectory() as scratch,
        library_output_to(Path(scratch) / "libraries.log") as person,
    ):
        new = push_recalibrated(
            model_dir, objective, uncertain_max_error, out, tell=lambda line: click.echo(line, file=person)
        )
    if as_json:
        click.echo(json.dumps(new.as_dict()))
        return
    from rich.console import Console

    from pipeline.terminal.calibration_text import calibration_text

    Console(soft_wrap=True).print(calibration_text(new))
