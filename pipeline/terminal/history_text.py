"""Past runs, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipeline.history.runs import Outcome
from pipeline.terminal.rates_table import rate

if TYPE_CHECKING:
    from pipeline.history.comparison import RunComparison
    from pipeline.history.past_runs import PastRun

_COLUMNS = {
    "auc_validation": "AUC\nval",
    "auc": "AUC\ntest",
    "accuracy": "acc.\ntest",
    "false_positive_rate": "false\npos.",
}
_TITLES = {
    "auc_validation": "AUC, validation",
    "auc": "AUC, test",
    "accuracy": "accuracy, test",
    "false_positive_rate": "false positives, test",
}
_MEASURES = {
    "auc": "AUC",
    "accuracy": "acc.",
    "recall_fake": "recall\nfake",
    "false_positive_rate": "false\npos.",
}
_MARK = "*"


def history_text(runs: list[PastRun]) -> Group:
    """The runs, the newest first, with the best values marked."""
    table = _table("Runs, the newest first")
    table.add_column("\nrun", no_wrap=True)
    table.add_column("\ndata", overflow="fold")
    for heading in (*_COLUMNS.values(), "\ntau"):
        table.add_column(heading if "\n" in heading else f"\n{heading}", justify="right", no_wrap=True)
    table.add_column("\noutcome", overflow="fold")
    for run in runs:
        table.add_row(
            "\n".join((_short(run.name), run.config, run.backbone or "-")),
            "\n".join((run.records.name if run.records else "-", _images(run), _time(run.seconds))),
            *(_value(run, measure) for measure in _COLUMNS),
            rate(run.threshold),
            _outcome(run),
        )
    marked = any(run.best for run in runs)
    note = [Text(f"{_MARK} the best of the runs on the same records.", style="dim")] if marked else []
    return Group(table, *note)


def comparison_text(comparison: RunComparison) -> Group:
    """Both runs side by side, the settings that differ, and the metrics by slice with their difference."""
    before, after = comparison.before, comparison.after
    whole = _table("Two runs")
    for heading in ("", _short(before.name), _short(after.name)):
        whole.add_column(heading, overflow="fold")
    whole.add_column("difference", justify="right")
    for title, of in (
        ("configuration", lambda run: run.config),
        ("records", lambda run: run.records.name if run.records else "-"),
        ("images", _images),
        ("backbone", lambda run: run.backbone or "-"),
        ("outcome", lambda run: _outcome(run).plain.replace("\n", ", ")),
        ("time", lambda run: _time(run.seconds)),
    ):
        whole.add_row(title, of(before), of(after), "")
    for measure, title in (_TITLES | {"threshold": "tau"}).items():
        values = [getattr(run, measure) for run in (before, after)]
        whole.add_row(title, *(rate(value) for value in values), _signed(*values))
    return Group(
        whole,
        *(
            []
            if comparison.same_data
            else [_note("They were tested on other images: differences tell little.")]
        ),
        Text(),
        _settings(comparison),
        Text(),
        _slices(comparison),
    )


def _settings(comparison: RunComparison) -> Table | Text:
    if not comparison.settings:
        return Text("Settings: the same.")
    table = _table("Settings that differ")
    for heading in ("setting", _short(comparison.before.name), _short(comparison.after.name)):
        table.add_column(heading, overflow="fold")
    for one in comparison.settings:
        table.add_row(one.name, one.before or "-", one.after or "-")
    return table


def _slices(comparison: RunComparison) -> Table | Text:
    if comparison.without_metrics:
        names = " and ".join(comparison.without_metrics)
        return _note(
            f"No metrics by slice are kept of {names}. `deepfake-inspector report RUN` writes those of a run that "
            "was evaluated."
        )
    table = _table("Test split by slice: the second run, and its difference from the first")
    table.add_column("\nslice", overflow="fold")
    for heading in _MEASURES.values():
        table.add_column(heading if "\n" in heading else f"\n{heading}", justify="right", no_wrap=True)
        table.add_column("", justify="right", no_wrap=True)
    for one in comparison.slices:
        cells = (
            (rate(one.after.get(measure)), _signed(one.before.get(measure), one.after.get(measure)))
            for measure in _MEASURES
        )
        table.add_row(one.name, *(cell for pair in cells for cell in pair))
    return table


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 1, 0, 0)
    )


def _note(text: str) -> Text:
    return Text(text, style="yellow")


def _short(name: str) -> str:
    """To the second: the beginning of a name is enough to name a run."""
    return name.partition(".")[0]


def _images(run: PastRun) -> str:
    return "-" if run.images is None else f"{run.images:,} images"


def _value(run: PastRun, measure: str) -> Text:
    value = rate(getattr(run, measure))
    return Text(f"{value}{_MARK}", style="bold") if measure in run.best else Text(f"{value} ")


def _outcome(run: PastRun) -> Text:
    if run.outcome is Outcome.FAILED:
        return Text(f"failed at\n{run.failed_at}", style="red")
    if run.outcome is Outcome.UNFINISHED:
        return Text("unfinished", style="yellow")
    if run.outcome is Outcome.TRAINED:
        return Text("trained\nalone")
    if run.pushed_to is None:
        return Text(
            "blessed,\nnot pushed" if run.blessed else "not blessed", style="" if run.blessed else "red"
        )
    return Text(
        f"pushed\n{run.pushed_to.name}\n{run.version_is}", style="green" if run.version_is == "served" else ""
    )


def _signed(before: float | None, after: float | None) -> str:
    return "" if before is None or after is None else f"{after - before:+.3f}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
