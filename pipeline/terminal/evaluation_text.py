"""An evaluation of a pushed model, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipeline.terminal.rates_table import rate

if TYPE_CHECKING:
    # What it imports would load TensorFlow.
    from components.evaluator.results import SliceMetrics
    from pipeline.evaluation.evaluation_report import EvaluationReport

_MEASURES = {
    "auc": "AUC",
    "accuracy": "acc.",
    "recall_fake": "recall\nfake",
    "false_positive_rate": "false\npositives",
    "expected_calibration_error": "calibr.\nerror",
}
"""What is shown, by its heading; the page has all of it."""


def evaluation_text(report: EvaluationReport) -> Group:
    """Metrics by slice, each over its interval, and where the page is."""
    table = Table(
        title=(
            f"{report.images:,} images of {report.split}, by slice (decisions at tau "
            f"{report.model.calibration.threshold:.3f}; 95 % intervals below)"
        ),
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("\nslice", overflow="fold")
    for heading in ("\nreal", "\nfake", *(_bottom(heading) for heading in _MEASURES.values())):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in report.slices:
        table.add_row(
            one.name,
            str(one.at_tau.real),
            str(one.at_tau.fake),
            *(_with_interval(one, name) for name in _MEASURES),
        )
    return Group(table, Text(), Text.assemble(("Report: ", "bold"), str(report.page)))


def _bottom(heading: str) -> str:
    return heading if "\n" in heading else f"\n{heading}"


def _with_interval(one: SliceMetrics, name: str) -> Text:
    value = one.at_tau.rates()[name] if name in one.at_tau.rates() else getattr(one, name)
    if value is None or name not in one.intervals:
        return Text(rate(value))
    low, high = one.intervals[name]
    return Text.assemble(rate(value), "\n", (f"{low:.2f}-{high:.2f}", "dim"))
