"""`deepfake-inspector history`: the past runs of a workspace."""

import json
from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="List past runs, or compare two.")
@click.argument("names", metavar="[RUN RUN]", nargs=-1)
@options.workspace
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, from the newest on."
)
@options.as_json
def history(names: tuple[str, ...], workspace: Path, limit: int, as_json: bool) -> None:
    """Lists the past runs of a workspace, the newest first, with the best values marked; or compares two runs.

    A run is named by the moment it began, or by as much of that as no other run begins with.
    """
    if len(names) not in (0, 2):
        raise click.UsageError(
            f"expected no run, to list all, or two, to compare them, received {len(names)}."
        )
    from rich.console import Console

    from pipeline.history.past_runs import past_runs, runs_of
    from pipeline.workspace import Workspace

    place = Workspace(workspace.resolve())
    if names:
        from pipeline.history.comparison import compare
        from pipeline.history.runs import find_run
        from pipeline.terminal.history_text import comparison_text

        runs = runs_of(place)
        comparison = compare(*(find_run(runs, name) for name in names), place)
        answer, text = comparison.as_dict(), lambda: comparison_text(comparison)
    else:
        from pipeline.terminal.history_text import history_text

        past = past_runs(runs_of(place, limit))
        answer, text = {"runs": [run.as_dict() for run in past]}, lambda: history_text(past)
    if as_json:
        click.echo(json.dumps(answer))
    else:
        Console(soft_wrap=True).print(text())
