"""A run's report, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    # What they import would load TensorFlow, and today's greets on the terminal.
    from components.evaluation_results import SliceMetrics
    from pipeline.run_report import RunReport

_RATES = ("accuracy", "precision_real", "precision_fake", "recall_real", "recall_fake")
# Short enough for both tables to fit a terminal of 80 columns.
_RATE_HEADINGS = ("\nacc.", "prec.\nreal", "prec.\nfake", "recall\nreal", "recall\nfake")
_TEXT_COLUMNS = ("stage", "split", "slice")


def report_text(report: RunReport) -> Group:
    """Phase table, metrics by slice, and whether the model was pushed."""
    return Group(_phase_table(report), Text(), _slice_table(report.slices), Text(), _outcome(report))


def _phase_table(report: RunReport) -> Table:
    table = _table(
        "Phases (tau chosen on validation; test only reported)",
        ("stage", "epochs", "min:s", "tau", "split", "images", "AUC"),
    )
    for phase in report.phases:
        stage, calibration = phase["stage"], phase["calibration"]
        first = (
            stage["name"],
            str(stage["epochs"]),
            _time(stage["seconds"]),
            _rate(calibration["threshold"]),
        )
        for metrics in phase["metrics"]:
            rates = (_rate(metrics[name]) for name in ("auc", *_RATES))
            table.add_row(*first, metrics["split"], str(metrics["support"]), *rates)
            first = ("",) * len(first)
    return table


def _slice_table(slices: list[SliceMetrics]) -> Table:
    table = _table("Test split by slice (decisions at tau)", ("slice", "real", "fake", "AUC", "log loss"))
    for one in slices:
        rates = one.at_tau.rates()
        table.add_row(
            one.name,
            str(one.at_tau.real),
            str(one.at_tau.fake),
            _rate(one.auc),
            f"{one.log_loss:.3f}",
            *(_rate(rates[name]) for name in _RATES),
        )
    return table


def _outcome(report: RunReport) -> Text:
    if report.pushed_to:
        return Text.assemble(("Blessed and pushed: ", "bold green"), str(report.pushed_to))
    reasons = "".join(f"\n  - {reason}" for reason in report.reasons)
    return Text.assemble(("Not blessed, not pushed:", "bold red"), reasons)


def _table(title: str, headings: tuple[str, ...]) -> Table:
    """A table of these columns and the rates."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for heading in (*(f"\n{heading}" for heading in headings), *_RATE_HEADINGS):
        is_text = heading.strip() in _TEXT_COLUMNS
        # A long name goes on in the next line; cut short it would not name the slice.
        table.add_column(
            heading, justify="left" if is_text else "right", overflow="fold", no_wrap=not is_text
        )
    return table


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _time(seconds: float) -> str:
    return "{}:{:02}".format(*divmod(round(seconds), 60))
