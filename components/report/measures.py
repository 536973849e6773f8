"""Every measure of a slice with its interval and what it tells, in the order of a table."""

import dataclasses

from components.evaluator.results import SliceMetrics
from components.report import words


@dataclasses.dataclass(frozen=True)
class MeasureRow:
    """One line of the table of measures.

    Attributes:
        name: of the measure.
        value: as text; a dash where it is not defined.
        interval: 95 % confidence interval as text; a dash where there is none.
        tells: what it means, in a sentence.
    """

    name: str
    value: str
    interval: str
    tells: str


_OF_DECISIONS = {
    "accuracy": ("Accuracy", "images called what they are"),
    "recall_fake": ("Recall of fakes", "fakes called fake"),
    "precision_fake": ("Precision of fakes", "fakes among the images called fake"),
    "f1_fake": ("F1 of fakes", "the harmonic mean of these two"),
    "false_positive_rate": ("False positive rate", "real images called fake"),
    "recall_real": ("Recall of reals", "real images called real"),
    "precision_real": ("Precision of reals", "real images among those called real"),
    "f1_real": ("F1 of reals", "the harmonic mean of these two"),
}
_OF_SCORES = {
    "auc": ("AUC", "how often a fake has a higher score than a real image; 0.5 is guessing"),
    "average_precision": ("Average precision", "precision of fakes, averaged over their recall"),
    "equal_error_rate": (
        "Equal error rate",
        "the error where as large a share of fakes is missed as of reals alarmed",
    ),
    "recall_at_fpr_1_percent": (
        "Recall at 1 % false positives",
        "fakes found if 1 real image in 100 may be called fake",
    ),
    "recall_at_fpr_01_percent": ("Recall at 0.1 % false positives", "fakes found if 1 in 1,000 may be"),
    "expected_calibration_error": (
        "Expected calibration error",
        "how far scores are from the share of fakes; 0 is best",
    ),
    "brier": ("Brier score", "mean squared error of the score; 0 is best, 0.25 is always saying 0.5"),
    "log_loss": ("Log loss", "mean cross-entropy in nats; 0 is best, 0.693 is always saying 0.5"),
}
_AS_SHARES = ("equal_error_rate", "recall_at_fpr_1_percent", "recall_at_fpr_01_percent")


def decision_rows(metrics: SliceMetrics) -> list[MeasureRow]:
    """Measures of the decisions at tau."""
    rates, intervals = metrics.at_tau.rates(), metrics.at_tau.intervals()
    return [
        MeasureRow(title, words.percent(rates[name]), words.percent_interval(intervals.get(name)), tells)
        for name, (title, tells) in _OF_DECISIONS.items()
    ]


def score_rows(metrics: SliceMetrics) -> list[MeasureRow]:
    """Measures of the scores, whatever the threshold."""
    rows = []
    for name, (title, tells) in _OF_SCORES.items():
        value, interval = getattr(metrics, name), metrics.intervals.get(name)
        if name in _AS_SHARES:
            rows.append(MeasureRow(title, words.percent(value), words.percent_interval(interval), tells))
        else:
            rows.append(MeasureRow(title, words.number(value), words.interval(interval), tells))
    return rows
