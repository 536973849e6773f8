"""Every measure of a slice with its interval and what it tells, in the order of a table."""

import dataclasses

from components.evaluator.results import SliceMetrics
from components.measures.names import MEASURE_NAMES
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
    "accuracy": "images called what they are",
    "recall_fake": "fakes called fake",
    "precision_fake": "fakes among the images called fake",
    "f1_fake": "the harmonic mean of these two",
    "false_positive_rate": "real images called fake",
    "recall_real": "real images called real",
    "precision_real": "real images among those called real",
    "f1_real": "the harmonic mean of these two",
}
_OF_SCORES = {
    "auc": "how often a fake has a higher score than a real image; 0.5 is guessing",
    "average_precision": "precision of fakes, averaged over their recall",
    "equal_error_rate": "the error where as large a share of fakes is missed as of reals alarmed",
    "recall_at_fpr_1_percent": "fakes found if 1 real image in 100 may be called fake",
    "recall_at_fpr_01_percent": "fakes found if 1 in 1,000 may be",
    "expected_calibration_error": "how far scores are from the share of fakes; 0 is best",
    "brier": "mean squared error of the score; 0 is best, 0.25 is always saying 0.5",
    "log_loss": "mean cross-entropy in nats; 0 is best, 0.693 is always saying 0.5",
}
_AS_SHARES = ("equal_error_rate", "recall_at_fpr_1_percent", "recall_at_fpr_01_percent")


def decision_rows(metrics: SliceMetrics) -> list[MeasureRow]:
    """Measures of the decisions at tau."""
    rates, intervals = metrics.at_tau.rates(), metrics.at_tau.intervals()
    return [
        MeasureRow(
            MEASURE_NAMES[name],
            words.percent(rates[name]),
            words.percent_interval(intervals.get(name)),
            tells,
        )
        for name, tells in _OF_DECISIONS.items()
    ]


def score_rows(metrics: SliceMetrics) -> list[MeasureRow]:
    """Measures of the scores, whatever the threshold."""
    rows = []
    for name, tells in _OF_SCORES.items():
        title, value, interval = MEASURE_NAMES[name], getattr(metrics, name), metrics.intervals.get(name)
        if name in _AS_SHARES:
            rows.append(MeasureRow(title, words.percent(value), words.percent_interval(interval), tells))
        else:
            rows.append(MeasureRow(title, words.number(value), words.interval(interval), tells))
    return rows
