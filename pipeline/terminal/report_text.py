"""A run's report, for the terminal."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from components.evaluation_results import SliceMetrics
from pipeline.run_report import RunReport

_RATES = ("accuracy", "precision_real", "precision_fake", "recall_real", "recall_fake")
_RATE_HEADINGS = ("accuracy", "precision\nreal", "precision\nfake", "recall\nreal", "recall\nfake")


def report_text(report: RunReport) -> Group:
    """Phase table, metrics by slice, and whether the model was pushed."""
    return Group(_phase_table(report), Text(), _slice_table(report.slices), Text(), _outcome(report))


def _phase_table(report: RunReport) -> Table:
    table = _table("Phases (tau chosen on validation; test only reported)")
    for heading in ("stage", "epochs", "time", "tau", "split", "images", "AUC", *_RATE_HEADINGS):
        table.add_column(heading, justify="left" if heading in ("stage", "split") else "right")
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
    table = _table("Test split by slice (decisions at tau)")
    for heading in ("slice", "real", "fake", "AUC", "log loss", *_RATE_HEADINGS):
        table.add_column(heading, justify="left" if heading == "slice" else "right")
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


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds // 60:.0f}:{seconds % 60:02.0f} min"
