"""`deepfake-inspector monitor`: has the world moved away from the model?"""

import json
import tempfile
from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="Compare served scores with the evaluation's.")
@click.argument("model_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("scores", type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option(
    "--model-version",
    type=click.IntRange(min=1),
    help="The number the model answered under.  [default: the name of MODEL_DIR]",
)
@click.option(
    "--fake-share",
    type=click.FloatRange(0.0, 1.0),
    help="Share of fakes among the images, where it is known.  [default: what fits the scores best]",
)
@click.option(
    "--bins", type=click.IntRange(2, 50), default=10, show_default=True, help="Bins of the stability index."
)
@click.option("--strict", is_flag=True, help="End with exit code 1 when something is to be done.")
@options.as_json
def monitor(
    model_dir: Path,
    scores: Path,
    model_version: int | None,
    fake_share: float | None,
    bins: int,
    strict: bool,
    as_json: bool,
) -> int:
    """Tells whether the pushed model at MODEL_DIR still scores as it did when it was evaluated.

    SCORES is a log of its answers, a JSON object a line as `predict --json` prints them (- for standard input), or a
    folder of images, which are scored now. Scores are held against the evaluation's reals and fakes, mixed in the
    share that fits them best: that traffic holds fewer fakes than a test set is no drift. Answers whether nothing is
    to be done, or to recalibrate, or to look at the data and retrain.
    """
    from pipeline.terminal.library_output import library_output_to

    with tempfile.TemporaryDirectory() as scratch, library_output_to(Path(scratch) / "log"):
        report = _report(model_dir, scores, model_version, fake_share, bins)
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    else:
        from rich.console import Console

        from pipeline.terminal.monitor_text import monitor_text

        Console(soft_wrap=True).print(monitor_text(report), highlight=False)
    return int(strict and report.drift.advice in ("check", "recalibrate", "retrain"))


def _report(model_dir: Path, scores: Path, version: int | None, fake_share: float | None, bins: int):
    from pipeline.errors import ConfigError
    from pipeline.monitoring.comparing import REFERENCE_SPLIT, monitor
    from pipeline.monitoring.score_log import read_log
    from pipeline.pushed_model import open_model

    model = open_model(model_dir)
    tau = model.calibration.threshold
    version = version or model.version
    # Asked for before a long log is read.
    model.evaluation_scores(REFERENCE_SPLIT)
    if scores.is_dir():
        from pipeline.monitoring.image_scores import score_files
        from serving.inputs import expand_paths

        served = score_files(model.folder, expand_paths([scores]), tau)
    elif version is None:
        raise ConfigError(
            f"--model-version: expected the number that the model answered under, as '{model.folder.name}' is none."
        )
    else:
        with click.open_file(str(scores), "rb") as lines:
            served = read_log(lines, version, tau, str(scores))
    return monitor(model, served, version, bins, fake_share)
