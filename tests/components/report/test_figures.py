import dataclasses

import numpy as np
import pytest

from components.calibration import Calibration
from components.report import figures
from components.report.thresholds import threshold_table
from components.report.undecided import undecided
from components.scoring.robustness import RobustnessRow

LABELS = np.asarray([0, 0, 0, 0, 1, 1, 1, 1])
SCORES = np.asarray([0.05, 0.1, 0.2, 0.7, 0.4, 0.8, 0.9, 0.95], np.float32)
CALIBRATION = Calibration(1.0, 0.5, uncertain=(0.375, 0.75))
S = "\u202f"


def _at(tau, labels=LABELS, scores=SCORES):
    return threshold_table(labels, scores, tau).confusion(tau)


def test_roc_says_what_its_point_is():
    figure = figures.roc_figure(LABELS, SCORES, _at(0.5))
    assert "The area under the curve is 0.938" in figure.says
    assert (
        f"At \u03c4 75.0{S}% of the fakes are found and 25.0{S}% of the real images are called fake."
        in figure.says
    )
    assert figure.rows[0] == (f"at most 0.1{S}%", f"75.0{S}%")
    assert figure.rows[-1] == (f"at most 20.0{S}%", f"75.0{S}%")


def test_precision_says_what_it_is_and_where():
    figure = figures.precision_figure(LABELS, SCORES, _at(0.5))
    assert (
        f"At \u03c4 75.0{S}% of what is called fake is fake, on this split, where 50.0{S}% of the images are"
        in figure.says
    )
    assert dict(figure.rows)[f"at least 50.0{S}%"] == f"100.0{S}%"


def test_precision_where_nothing_is_called_fake():
    figure = figures.precision_figure(LABELS, SCORES, _at(1.0))
    assert "At \u03c4 nothing is called fake" in figure.says
    assert figure.drawing is not None


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_no_roc_and_no_precision_but_all_else(label):
    kept = np.flatnonzero(np.equal(LABELS, label))
    labels, scores = LABELS[kept], SCORES[kept]
    at = _at(0.5, labels, scores)
    for make in (figures.roc_figure, figures.precision_figure):
        figure = make(labels, scores, at)
        assert figure.drawing is None
        assert "both classes" in figure.says
    says = figures.histogram_figure(labels, scores, at, CALIBRATION).says
    assert "0 of 0" not in says
    assert ("missed" in says) == bool(label)
    assert figures.reliability_figure(labels, scores).drawing is not None
    assert figures.risk_figure(labels, scores, CALIBRATION, None).drawing is not None


def test_histogram_counts_every_image_once():
    figure = figures.histogram_figure(LABELS, SCORES, _at(0.5), CALIBRATION)
    assert sum(int(row[1]) for row in figure.rows) == 4
    assert sum(int(row[2]) for row in figure.rows) == 4
    assert "1 of 4 real images, which are false alarms, and 3 of 4 fakes" in figure.says
    assert "Left of it lie the fakes that are missed, 1." in figure.says


def test_reliability_leaves_empty_bins_out_and_has_wilson_intervals():
    figure = figures.reliability_figure(LABELS, SCORES)
    assert [row[1] for row in figure.rows] == ["1"] * 8
    # One fake of one image: Wilson's interval begins at 20.7 %.
    assert figure.rows[-1][3:] == (f"100.0{S}%", f"20.7\u2013100.0{S}%")


def test_risk_tells_of_the_least_sure_tenth_and_of_the_band():
    scores = np.r_[np.linspace(0.01, 0.4, 10), np.linspace(0.6, 0.99, 10)].astype(np.float32)
    labels = np.r_[np.zeros(9), 1, np.ones(10)].astype(int)
    calibration = Calibration(1.0, 0.5, uncertain=(0.39, 0.61))
    figure = figures.risk_figure(labels, scores, calibration, undecided(labels, scores, calibration))
    # The only error is the least sure of all.
    assert f"Deciding every image, 5.0{S}% are called wrong." in figure.says
    assert f"0.0{S}% of the rest are." in figure.says
    assert f"With the uncertain band 90.0{S}% are decided, 0.0{S}% wrongly." in figure.says
    assert dict(figure.rows)[f"100.0{S}%"] == f"5.0{S}%"


def test_risk_where_ties_leave_no_coverage_below_all():
    labels, scores = np.asarray([0, 1]), np.asarray([0.5, 0.5], np.float32)
    figure = figures.risk_figure(labels, scores, Calibration(1.0, 0.5), None)
    assert dict(figure.rows)[f"90.0{S}%"] == "\u2013"
    assert "tenth" not in figure.says


def test_robustness_names_the_worst_and_leaves_out_what_was_not_scored():
    plain = RobustnessRow("none", "as they are", 0.0, "", 8, 0.9, 0.85, 0.8, 0.1, {}, None, None)
    blurred = dataclasses.replace(
        plain, perturbation="blur-2", kind="Gaussian blur", severity=2.0, accuracy=0.6, auc=0.7
    )
    cropped = dataclasses.replace(plain, perturbation="crop-0.8", kind="centre crop", severity=0.8, auc=None)
    missing = RobustnessRow("noise-1", "noise", 1.0, "", 0, None, None, None, None, {}, None, None)
    figure = figures.robustness_figure([plain, blurred, cropped, missing])
    assert figure.says.startswith(
        f"Gaussian blur 2 costs most: 60.0{S}% of the images are called right, and 85.0{S}%"
    )
    assert "Noise 1" not in figure.drawing
    assert "Centre crop 0.8" in figure.drawing
