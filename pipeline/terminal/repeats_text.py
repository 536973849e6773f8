"""Several seeds, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from pipeline.terminal.rates_table import RATES, rate, rates_table
from pipeline.terminal.report_text import report_text

if TYPE_CHECKING:
    from pipeline.repeats import RepeatsReport


def repeats_text(report: RepeatsReport) -> Group:
    """The first seed's report, then mean and deviation over all seeds."""
    seeds = report.seeds
    table = rates_table(
        f"{len(seeds)} seeds, {seeds[0]} to {seeds[-1]} (mean, and sample standard deviation below it)",
        ("stage", "split", "support", "tau", "AUC"),
    )
    for row in report.rows():
        first = (row["stage"], row["split"], str(row["support"]))
        for shown, values in ((first, row["mean"]), (("", "", "±"), row["std"])):
            table.add_row(*shown, *(rate(values[name]) for name in ("threshold", "auc", *RATES)))
    return Group(report_text(report.report), Text(), table)
