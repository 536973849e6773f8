"""How a model is doing, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pipeline.monitoring.comparing import MonitorReport

_STYLES = {
    "nothing": "bold green",
    "too few": "bold yellow",
    "recalibrate": "bold yellow",
    "retrain": "bold red",
}


def monitor_text(report: MonitorReport) -> Group:
    """What was compared, where the scores moved, and, last, what to do."""
    return Group(
        Text(_compared(report)),
        *(Text(), _shares(report), Text(), _bins(report), Text()),
        Text(report.fake_share_sentence),
        Text(report.sentence, style=_STYLES.get(report.drift.advice, "bold yellow")),
    )


def _compared(report: MonitorReport) -> str:
    served, drift = report.served, report.drift
    sampled = f", {drift.images:,} of them drawn at random to compare" if served.images > drift.images else ""
    lines = [
        f"{served.images:,} answers{sampled}, against {drift.reference_images:,} scores of the evaluation",
        f"population stability   {drift.stability:.3f}  p {drift.stability_p:.3f}   against the evaluation as it is "
        f"{drift.unmixed_stability:.3f}",
        f"Kolmogorov-Smirnov     {drift.distance:.3f}  p {drift.distance_p:.3f}   against the evaluation as it is "
        f"{drift.unmixed_distance:.3f}  p {drift.unmixed_distance_p:.2g}",
    ]
    if served.no_verdict:
        lines.append(f"{served.no_verdict:,} images got no verdict")
    if served.bad_lines:
        lines.append(f"{served.bad_lines:,} lines of the log could not be read")
    for version, count in served.other_versions.items():
        lines.append(f"left aside, as of version {version}: {count:,}")
    return "\n".join(lines)


def _table(title: str, *headings: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table


def _shares(report: MonitorReport) -> Table:
    table = _table("Share of the images", "", "evaluation", "as many fakes", "now")
    for one in report.shares:
        table.add_row(one.name, *(f"{share:.1%}" for share in (one.then, one.expected, one.now)))
    return table


def _bins(report: MonitorReport) -> Table:
    table = _table(
        "By score (bins of the evaluation; its classes mixed as served)", "scores", "expected", "now"
    )
    for one in report.drift.bins:
        table.add_row(f"{one.low:.3f} to {one.high:.3f}", f"{one.expected:.1%}", f"{one.actual:.1%}")
    return table
