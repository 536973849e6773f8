"""A row of the phase table, on figures that are known."""

import numpy as np
import pytest

from components.calibration import Calibration
from components.trainer.phase_table import split_metrics


def test_the_published_confusion_matrix_gives_its_published_figures():
    """The original project's last phase; a score of 0.9 or 0.1 for what it called fake or real."""
    counts = {(0, 0): 87_881, (0, 1): 1_789, (1, 0): 1_794, (1, 1): 87_966}
    labels = np.repeat([label for label, _ in counts], list(counts.values()))
    called = np.repeat([decision for _, decision in counts], list(counts.values()))
    row = split_metrics("test", np.where(called == 1, 2.2, -2.2), labels, Calibration(1.0, 0.5))
    assert row.support == 179_430
    assert row.accuracy == pytest.approx(0.98003, abs=5e-6)
    assert row.precision_real == pytest.approx(0.97999, abs=6e-6)
    assert row.precision_fake == pytest.approx(0.98007, abs=6e-6)
    assert row.recall_real == pytest.approx(0.98005, abs=6e-6)
    assert row.recall_fake == pytest.approx(0.98001, abs=6e-6)


def test_a_score_at_the_threshold_is_called_fake():
    row = split_metrics("val", np.array([0.0, -1.0]), np.array([1, 0]), Calibration(1.0, 0.5))
    assert (row.recall_fake, row.recall_real) == (1.0, 1.0)


def test_the_auc_of_one_class_is_no_number():
    assert np.isnan(split_metrics("val", np.array([0.0, 1.0]), np.array([1, 1]), Calibration(1.0, 0.5)).auc)
