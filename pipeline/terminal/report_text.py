"""A run's report, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipeline.terminal.rates_table import RATES, rate, rates_table

if TYPE_CHECKING:
    # What they import would load TensorFlow, and today's greets on the terminal.
    from components.evaluator.results import SliceMetrics
    from pipeline.run_report import RunReport, TrainingReport


def report_text(report: RunReport) -> Group:
    """Phase table, metrics by slice, whether the model was pushed, where the report is, and where to look on."""
    return Group(
        *(_phase_table(report), Text(), _slice_table(report.slices), Text()),
        *(outcome_text(report), page_text(report), logs_text(report.training)),
    )


def outcome_text(report: RunReport) -> Text:
    """Whether the model was pushed, and where to, or why not."""
    reasons = "".join(f"\n  - {reason}" for reason in report.reasons)
    if report.pushed_to:
        return Text.assemble(("Blessed and pushed: ", "bold green"), str(report.pushed_to), reasons)
    return Text.assemble(("Not blessed, not pushed:", "bold red"), reasons)


def page_text(report: RunReport) -> Text:
    """Where the report and the model card are, or why they are not."""
    if report.page_problem:
        return Text(report.page_problem, style="bold red")
    return Text(f"Report: {report.page}")


def logs_text(training: TrainingReport) -> Text:
    """Where the story of a training can be looked at."""
    return Text(
        f"Plot of the epochs: {training.plot}\nTensorBoard: tensorboard --logdir {training.tensorboard}"
    )


def _phase_table(report: RunReport) -> Table:
    table = rates_table(
        "Phases (tau chosen on validation; test only reported)",
        ("stage", "epochs", "min:s", "tau", "split", "images", "AUC"),
    )
    for phase in report.phases:
        stage, calibration = phase["stage"], phase["calibration"]
        first = (
            stage["name"],
            str(stage["epochs"]),
            _time(stage["seconds"]),
            rate(calibration["threshold"]),
        )
        for metrics in phase["metrics"]:
            rates = (rate(metrics[name]) for name in ("auc", *RATES))
            table.add_row(*first, metrics["split"], str(metrics["support"]), *rates)
            first = ("",) * len(first)
    return table


def _slice_table(slices: list[SliceMetrics]) -> Table:
    table = rates_table(
        "Test split by slice (decisions at tau)", ("slice", "real", "fake", "AUC", "log loss")
    )
    for one in slices:
        rates = one.at_tau.rates()
        table.add_row(
            one.name,
            str(one.at_tau.real),
            str(one.at_tau.fake),
            rate(one.auc),
            rate(one.log_loss),
            *(rate(rates[name]) for name in RATES),
        )
    return table


def _time(seconds: float) -> str:
    return "{}:{:02}".format(*divmod(round(seconds), 60))
