"""`deepfake-inspector run`: the whole pipeline, on this machine."""

import json
from pathlib import Path

import click

from pipeline.commands import options

_KEPT = "every step that is done"
_INTERRUPTED = 130


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
@options.beam
@click.option(
    "--warm-start",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="MODEL_DIR",
    help="Start from a model: a pushed version, or Format-Serving of a trained one.  [default: model.weights]",
)
@click.option(
    "--repeat",
    "repeats",
    type=click.IntRange(min=2),
    metavar="N",
    help="Train under N seeds; tell mean and deviation. Only the first seed's model is evaluated and pushed.",
)
@click.option(
    "--leave-out",
    metavar="SOURCE",
    help="Train without the images of this source of the records, and test on the same images as with it: its slice "
    "of the report is then cross-source. The model gets a name of its own.",
)
@options.as_json
def run(
    name_or_file: str,
    source: Path,
    workspace: Path,
    overrides: tuple[str, ...],
    beam: str | None,
    warm_start: Path | None,
    repeats: int | None,
    leave_out: str | None,
    as_json: bool,
) -> int:
    """Runs the whole pipeline: from images or records to a blessed, pushed model.

    What has not changed since the last run in the same workspace comes from its cache. A run that was stopped, by
    Ctrl-C or SIGTERM, is gone on with by the same command. A configuration with phases is a run for each.
    """
    from components.trainer.preemption import stops_on_sigterm
    from pipeline.config import load_config
    from pipeline.workspace import Workspace

    config = load_config(name_or_file, (*overrides, *([f"beam.profile={beam}"] if beam else [])))
    _check(config, warm_start, repeats, leave_out)
    if leave_out:
        from pipeline.left_out import config_without

        config = config_without(config, leave_out)
    try:
        with stops_on_sigterm(lambda: _KEPT):
            report, text, all_done = _run(
                config, source, Workspace.create(workspace), warm_start, repeats, leave_out
            )
    except KeyboardInterrupt:
        click.echo(f"Interrupted. Kept: {_KEPT}. The same command goes on from there.", err=True)
        return _INTERRUPTED
    if as_json:
        click.echo(json.dumps(report))
    else:
        from rich.console import Console

        Console(soft_wrap=True).print(text)
    return 0 if all_done else 1


def _check(config, warm_start: Path | None, repeats: int | None, leave_out: str | None) -> None:
    from pipeline.errors import ConfigError

    for option, asked in (("--repeat", repeats), ("--leave-out", leave_out)):
        if asked and config.phases:
            raise ConfigError(
                f"{option}: expected a configuration without phases, received '{config.name}' with "
                f"{len(config.phases)}. Choose one phase: run its configuration on its subset."
            )
    if warm_start and config.tuner.trials:
        raise ConfigError(
            f"--warm-start: expected no Tuner (tuner.trials: 0), received {config.tuner.trials} trials: the Tuner "
            "chooses a head, and a model to start from has one."
        )


def _run(
    config, source: Path, workspace, warm_start: Path | None, repeats: int | None, leave_out: str | None
):
    """The answer for JSON, the one for a person, and whether all that the (last) run is for is done."""
    if config.phases:
        from pipeline.progressive import run_phases
        from pipeline.terminal.progressive_text import progressive_text

        report = run_phases(config, source, workspace, warm_start)
        return report.as_dict(), progressive_text(report), report.last.all_done
    if repeats:
        from pipeline.repeats import run_repeats
        from pipeline.terminal.repeats_text import repeats_text

        report = run_repeats(config, source, workspace, repeats, warm_start, leave_out)
        return report.as_dict(), repeats_text(report), report.report.all_done
    from pipeline.local_run import run_and_report
    from pipeline.terminal.report_text import report_text

    report = run_and_report(config, source, workspace, warm_start, leave_out)
    return report.as_dict(), report_text(report), report.all_done
