"""The figures of a report: each a chart, a sentence with what it comes to, and its data where they are few."""

from collections.abc import Sequence

import numpy as np

from components.calibration import Calibration, RiskCoverage, risk_coverage
from components.measures.confusion import Confusion
from components.measures.intervals import wilson
from components.measures.probability import expected_calibration_error, reliability
from components.measures.ranking import average_precision, roc_auc
from components.report import charts, curves, words
from components.report.svg import Figure, draw
from components.report.undecided import Undecided
from components.scoring.robustness import RobustnessRow

HISTOGRAM_BINS = 25
_COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_ONE_CLASS = "Not drawn: this needs images of both classes, and the split has one only."


def roc_figure(labels: np.ndarray, scores: np.ndarray, at_tau: Confusion) -> Figure:
    """Recall of fake over the false positive rate; without a drawing where a class is missing.

    Args:
        labels: int `[N]`, 0 real, 1 fake; at least one.
        scores: float `[N]` in [0, 1].
        at_tau: decisions of the model on these images.
    """
    title = "ROC curve"
    if not at_tau.real or not at_tau.fake:
        return Figure("roc", title, None, _ONE_CLASS)
    points, rates = curves.roc_points(labels, scores), at_tau.rates()
    alarms, recall = rates["false_positive_rate"], rates["recall_fake"]
    says = (
        f"The area under the curve is {words.number(roc_auc(labels, scores))} (0.5 is guessing, 1 is perfect). At "
        f"\u03c4 {words.percent(recall)} of the fakes are found and {words.percent(alarms)} of the real images are "
        "called fake."
    )
    chart = charts.roc(curves.thinned(points).tolist(), (alarms, recall))
    rows = tuple(
        (f"at most {words.percent(rate)}", words.percent(curves.recall_at(points, rate)))
        for rate in curves.FALSE_POSITIVE_RATES
    )
    drawing = draw(chart, "roc", title, says, follows="roc")
    return Figure("roc", title, drawing, says, ("real images called fake", "fakes found"), rows)


def precision_figure(labels: np.ndarray, scores: np.ndarray, at_tau: Confusion) -> Figure:
    """Precision over recall of fake; arguments as of `roc_figure`."""
    title = "Precision and recall"
    if not at_tau.real or not at_tau.fake:
        return Figure("precision", title, None, _ONE_CLASS)
    points, rates = curves.precision_points(labels, scores), at_tau.rates()
    precision, recall = rates["precision_fake"], rates["recall_fake"]
    share = at_tau.fake / (at_tau.real + at_tau.fake)
    called = (
        f"At \u03c4 {words.percent(precision)} of what is called fake is fake"
        if precision is not None
        else "At \u03c4 nothing is called fake"
    )
    says = (
        f"The average precision is {words.number(average_precision(labels, scores))}. {called}, on this split, where "
        f"{words.percent(share)} of the images are; where fakes are rarer it is less."
    )
    chart = charts.precision_recall(
        curves.thinned(points).tolist(), None if precision is None else (recall, precision), share
    )
    rows = tuple(
        (f"at least {words.percent(least)}", words.percent(curves.precision_at(points, least)))
        for least in curves.RECALLS
    )
    drawing = draw(chart, "precision", title, says, follows="precision")
    return Figure("precision", title, drawing, says, ("fakes found", "precision"), rows)


def histogram_figure(
    labels: np.ndarray, scores: np.ndarray, at_tau: Confusion, calibration: Calibration
) -> Figure:
    """Scores by class; other arguments as of `roc_figure`, and the operating point."""
    title = "Scores of real and of fake images"
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    counts = [np.histogram(scores[labels == label], edges)[0] for label in (0, 1)]
    shares = [(one / max(one.sum(), 1)).tolist() for one in counts]
    says = f"Right of \u03c4 = {words.threshold(calibration.threshold)} everything is called fake:"
    if at_tau.real:
        says += f" {at_tau.false_fake:,} of {at_tau.real:,} real images, which are false alarms"
    if at_tau.fake:
        says += f"{', and' if at_tau.real else ''} {at_tau.true_fake:,} of {at_tau.fake:,} fakes. Left of it lie the "
        says += f"fakes that are missed, {at_tau.false_real:,}"
    says += "."
    if calibration.uncertain is not None:
        says += " The shaded band is what the model is not sure of."
    chart = charts.histogram(*shares, calibration.threshold, calibration.uncertain)
    rows = tuple(
        (f"{low:.2f}{words.MISSING}{high:.2f}", f"{real:,}", f"{fake:,}")
        for low, high, real, fake in zip(edges, edges[1:], *counts, strict=False)
        if real or fake
    )
    drawing = draw(chart, "histogram", title, says, follows="line")
    return Figure("histogram", title, drawing, says, ("score", "real images", "fake images"), rows)


def reliability_figure(labels: np.ndarray, scores: np.ndarray) -> Figure:
    """Whether a score of 0.8 means that eight in ten are fake; arguments as of `roc_figure`."""
    title = "Reliability"
    bins = [one for one in reliability(labels, scores) if one.count]
    spans = [wilson(round(one.share_of_fakes * one.count), one.count) for one in bins]
    error = expected_calibration_error(labels, scores)
    says = (
        f"The score and the share of fakes differ by {words.number(error)} on average (expected calibration error). "
        "On the dashed line a score means what it says: of images with a score of 0.8, eight in ten are fake. The "
        "share of fakes is that of this split."
    )
    points = [
        {"score": one.mean_score, "share": one.share_of_fakes, "low": low, "high": high, "count": one.count}
        for one, (low, high) in zip(bins, spans, strict=True)
    ]
    rows = tuple(
        (
            f"{one.low:.2f}{words.MISSING}{one.high:.2f}",
            f"{one.count:,}",
            words.number(one.mean_score),
            words.percent(one.share_of_fakes),
            words.percent_interval(span),
        )
        for one, span in zip(bins, spans, strict=True)
    )
    columns = ("score", "images", "mean score", "share of fakes", f"95{words.NARROW_SPACE}% interval")
    drawing = draw(charts.reliability(points), "reliability", title, says)
    return Figure("reliability", title, drawing, says, columns, rows)


def risk_figure(
    labels: np.ndarray, scores: np.ndarray, calibration: Calibration, left: Undecided | None
) -> Figure:
    """What is won by leaving the least sure images to people.

    Args:
        labels: int `[N]`, 0 real, 1 fake; at least one.
        scores: float `[N]` in [0, 1].
        calibration: the operating point.
        left: what its uncertain band leaves undecided; None where it has none.
    """
    title = "Risk and coverage"
    curve = risk_coverage(labels, scores, calibration.threshold)
    says = f"Deciding every image, {words.percent(curve.risk[-1])} are called wrong."
    if (without_tenth := _risk_at(curve, 0.9)) is not None:
        says += (
            f" If a person takes the tenth that the model is least sure of, {words.percent(without_tenth)} of the "
            "rest are."
        )
    marked = None
    if left is not None and left.risk is not None:
        marked = (left.coverage, left.risk)
        says += (
            f" With the uncertain band {words.percent(left.coverage)} are decided, {words.percent(left.risk)} "
            "wrongly."
        )
    points = np.stack([curve.coverage, curve.risk], axis=1)
    rows = tuple((words.percent(share), words.percent(_risk_at(curve, share))) for share in _COVERAGES)
    drawing = draw(charts.risk_coverage(curves.thinned(points).tolist(), marked), "risk", title, says)
    return Figure("risk", title, drawing, says, ("images decided at most", "of them wrong"), rows)


def robustness_figure(rows: Sequence[RobustnessRow]) -> Figure:
    """What is left of AUC and accuracy under each perturbation.

    Args:
        rows: the images as they are first; at least two.
    """
    title = "AUC and accuracy under perturbations"
    untouched, *perturbed = rows
    measured = [row for row in perturbed if row.accuracy is not None]
    worst = min(measured, key=lambda row: row.accuracy)
    says = (
        f"{words.perturbation(worst)} costs most: {words.percent(worst.accuracy)} of the images are called right, "
        f"and {words.percent(untouched.accuracy)} as they are. Discs are the AUC, squares the accuracy, and the "
        "dashed lines both of the images as they are."
    )
    values = [
        {"name": words.perturbation(row), "measure": measure, "value": value}
        for row in measured
        for measure, value in (("AUC", row.auc), ("accuracy", row.accuracy))
        if value is not None
    ]
    plain = {"AUC": untouched.auc, "accuracy": untouched.accuracy}
    chart = charts.robustness(
        values,
        [words.perturbation(row) for row in measured],
        {measure: value for measure, value in plain.items() if value is not None},
    )
    return Figure("perturbations", title, draw(chart, "perturbations", title, says), says)


def _risk_at(curve: RiskCoverage, coverage: float) -> float | None:
    """The risk at the largest coverage within the one given; None where already the surest images are more."""
    within = np.flatnonzero(curve.coverage <= coverage + 1e-9)
    return float(curve.risk[within[-1]]) if len(within) else None
