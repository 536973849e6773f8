"""`deepfake-inspector report`: the report of a run, written anew."""

import json
import webbrowser
from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="Write and open the report of a run.")
@click.argument("name", metavar="[RUN]", required=False)
@options.workspace
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.html",
    help="Where the page goes.  [default: the run's folder, below WORKSPACE/reports]",
)
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
@options.as_json
def report(name: str | None, workspace: Path, out: Path | None, opens: bool, as_json: bool) -> None:
    """Writes the report of a RUN anew, as a page, a model card and numbers, and says where they are.

    Without RUN, it is that of the newest run that was evaluated. A run is named as `history` lists it, or by as much
    of its name as no other run begins with.
    """
    from pipeline.errors import ConfigError, RunError
    from pipeline.terminal.library_output import library_output_to
    from pipeline.workspace import Workspace

    if out and not out.parent.is_dir():
        raise ConfigError(f"--out: expected a file in a folder that exists, received '{out}'.")
    place = Workspace(workspace.resolve())
    run = _run(place, name)
    log = place.logs / "report.log"
    log.parent.mkdir(exist_ok=True)
    with library_output_to(log) as person:
        from rich.console import Console

        with Console(file=person).status("writing the report"):
            written = _write(run, place, out.resolve() if out else None)
    if as_json:
        click.echo(json.dumps(written.as_dict()))
    else:
        click.echo(f"report      {written.page}\nmodel card  {written.model_card}")
    if opens and not webbrowser.open(written.page.as_uri()):
        raise RunError(
            f"--open: expected a browser on this machine, found none. The report is at {written.page}."
        )


def _run(workspace, name: str | None):
    from pipeline.history.past_runs import runs_of
    from pipeline.history.runs import Outcome, find_run

    runs = runs_of(workspace)
    if name:
        return find_run(runs, name)
    evaluated = [run for run in runs if run.outcome is Outcome.DONE]
    if evaluated and evaluated[0] is not runs[0]:
        click.echo(f"The newest run, {runs[0].name}, was not evaluated; this is the one before.", err=True)
    # Of none that was evaluated, the newest says why there is no report.
    return (evaluated or runs)[0]


def _write(run, workspace, page: Path | None):
    from pipeline.errors import RunError
    from pipeline.report.pages import write_pages
    from pipeline.run_report import read_report, write_report

    report = read_report(run)
    try:
        report = write_pages(report, workspace, page)
        write_report(report, workspace)
    except OSError as error:
        raise RunError(f"The report could not be written: {error}.") from error
    return report
