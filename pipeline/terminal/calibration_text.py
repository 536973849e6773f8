"""Another operating point, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    # What they import would load TensorFlow, and today's greets on the terminal.
    from components.calibration import Calibration
    from components.recalibration import Outcome
    from components.settings import CalibrationSettings
    from pipeline.recalibration import NewVersion

_RATES = {
    "accuracy": "accuracy",
    "precision_real": "precision real",
    "precision_fake": "precision fake",
    "recall_real": "recall real",
    "recall_fake": "recall fake",
    "false_positive_rate": "false positive rate",
    "f1_fake": "F1 fake",
}


def calibration_text(new: NewVersion) -> Group:
    """The operating point and what it does, before and after, and how to serve it or go back."""
    return Group(_points(new), Text(), _measures(new), Text(), _what_next(new))


def _points(new: NewVersion) -> Table:
    done = new.recalibration
    table = _table("Operating point (chosen on validation)", ("", "before", "after"))
    for name, of in (
        ("objective", lambda _, settings: settings.objective),
        ("threshold tau", lambda point, _: f"{point.threshold:.4f}"),
        ("temperature", lambda point, _: f"{point.temperature:.4f}"),
        ("uncertain", _band),
    ):
        table.add_row(name, of(done.before, done.settings_before), of(done.after, done.settings))
    return table


def _band(point: Calibration, settings: CalibrationSettings) -> str:
    if point.uncertain is None:
        return "never"
    low, high = point.uncertain
    asked = f", max error {settings.uncertain.max_error:g}" if settings.uncertain else ""
    return f"{low:.4f} to {high:.4f}{asked}"


def _measures(new: NewVersion) -> Table:
    outcomes = new.recalibration.outcomes()
    columns = [
        (f"{split}\n{when}", one)
        for split, pair in outcomes.items()
        for when, one in zip(("before", "after"), pair, strict=True)
    ]
    table = _table(
        "Decisions at tau, with 95 % confidence intervals (test only reported)",
        ("", *(heading for heading, _ in columns)),
    )
    for name, words in _RATES.items():
        table.add_row(words, *(_rate(one, name) for _, one in columns))
    if new.recalibration.before.uncertain or new.recalibration.after.uncertain:
        rows = [one.as_dict() for _, one in columns]
        table.add_row("uncertain", *(f"{row['uncertain_share']:.1%}" for row in rows))
        errors = [row["error_of_decided"] for row in rows]
        table.add_row("error of the others", *("-" if error is None else f"{error:.3f}" for error in errors))
    return table


def _rate(one: Outcome, name: str) -> str:
    value, interval = one.at_tau.rates()[name], one.at_tau.intervals().get(name)
    if value is None:
        return "-"
    # F1 is no proportion, and has no interval of Wilson's.
    return f"{value:.3f}" if interval is None else f"{value:.3f}\n{interval[0]:.3f}-{interval[1]:.3f}"


def _what_next(new: NewVersion) -> Text:
    base, number = new.folder.parent, new.folder.name
    back = (
        f"a server then goes back to version {new.previous}"
        if new.previous is not None
        else "there is no other version to go back to"
    )
    return Text.assemble(
        ("Pushed: ", "bold green"),
        f"{new.folder}\n"
        f"Serve: a running server takes up version {number} by itself, as its number is the highest; to start one: "
        f"deepfake-inspector serve --model-base-path {base}\n"
        f"Go back: delete {new.folder} or move it out of {base}; {back}.",
    )


def _table(title: str, headings: tuple[str, ...]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left", overflow="fold")
    return table
