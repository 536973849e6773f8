"""A progressive training, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from pipeline.terminal.rates_table import RATES, rate, rates_table
from pipeline.terminal.report_text import logs_text, outcome_text, page_text

if TYPE_CHECKING:
    from pipeline.progressive import ProgressiveReport


def progressive_text(report: ProgressiveReport) -> Group:
    """One table over all phases, and whether the last model was pushed."""
    table = rates_table(
        "Results per training phase (tau chosen on validation; test only reported)",
        ("phase", "images", "tau", "blessed", "split", "support", "AUC"),
    )
    before = None
    for row in report.rows():
        first = (row["phase"], str(row["images"]), rate(row["threshold"]), "yes" if row["blessed"] else "no")
        # A phase is named once, beside its first split.
        shown = ("",) * len(first) if row["phase"] == before else first
        before = row["phase"]
        rates = (rate(row[name]) for name in ("auc", *RATES))
        table.add_row(*shown, row["split"], str(row["support"]), *rates)
    left_out = [Text(f"Left out: phase {one.name}: {one.reason}.") for one in report.left_out]
    last = report.last
    return Group(
        *(table, *left_out, Text()),
        *(outcome_text(last), page_text(last), logs_text(last.training)),
    )
