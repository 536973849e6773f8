import numpy as np

from components.calibration import Calibration
from components.report.undecided import undecided

LABELS = np.asarray([0, 0, 1, 1, 0, 1])
SCORES = np.asarray([0.1, 0.4, 0.45, 0.6, 0.75, 0.3], np.float32)


def test_the_band_holds_its_low_end_and_not_its_high_end():
    left = undecided(LABELS, SCORES, Calibration(1.0, 0.5, uncertain=(0.4, 0.75)))
    # 0.4, 0.45 and 0.6 are inside; 0.75 is a real image called fake, 0.3 a fake called real.
    assert (left.images, left.uncertain, left.decided, left.errors) == (6, 3, 3, 2)
    assert left.coverage == 0.5
    assert left.risk == 2 / 3


def test_a_band_of_no_width_leaves_every_decision_standing():
    left = undecided(LABELS, SCORES, Calibration(1.0, 0.5, uncertain=(0.5, 0.5)))
    assert (left.uncertain, left.errors) == (0, 3)


def test_a_band_over_everything_has_no_risk():
    left = undecided(LABELS, SCORES, Calibration(1.0, 0.5, uncertain=(0.0, 1.0)))
    assert left.decided == 0
    assert left.risk is None


def test_no_band():
    assert undecided(LABELS, SCORES, Calibration(1.0, 0.5)) is None
