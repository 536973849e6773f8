"""Probability measures on sets small enough to count by hand."""

import numpy as np
import pytest

from components.measures.probability import brier, expected_calibration_error, log_loss, reliability

LABELS = np.array([0, 1, 1, 0])
SCORES = np.array([0.2, 0.2, 0.9, 0.9])


def test_by_hand():
    assert log_loss(LABELS, SCORES) == pytest.approx(-np.log([0.8, 0.2, 0.9, 0.1]).mean())
    assert brier(LABELS, SCORES) == pytest.approx((0.04 + 0.64 + 0.01 + 0.81) / 4)
    assert expected_calibration_error(LABELS, SCORES) == pytest.approx((0.3 + 0.4) / 2)
    assert expected_calibration_error(LABELS, SCORES, bins=1) == pytest.approx(0.05)


def test_being_quite_sure_is_perfect_where_right_and_infinite_where_wrong():
    assert log_loss(np.array([0, 1]), np.array([0.0, 1.0])) == 0.0
    assert log_loss(np.array([1, 1]), np.array([0.0, 1.0])) is None
    assert log_loss(np.array([0, 0]), np.array([0.0, 1.0])) is None
    assert brier(np.array([1, 0]), np.array([0.0, 1.0])) == 1.0


def test_an_image_that_counts_nothing_does_not_make_the_loss_infinite():
    assert log_loss(np.array([1, 1]), np.array([0.0, 1.0]), weights=np.array([0, 1])) == 0.0


def test_reliability_has_all_bins_and_what_is_in_them():
    found = reliability(LABELS, SCORES, bins=5)
    assert [one.count for one in found] == [0, 2, 0, 0, 2]
    assert [(one.low, one.high) for one in found] == [(0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1)]
    assert (found[0].mean_score, found[0].share_of_fakes) == (None, None)
    assert (found[1].mean_score, found[1].share_of_fakes) == (pytest.approx(0.2), 0.5)


def test_an_edge_belongs_to_the_bin_above_and_one_to_the_last():
    edges = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    assert [one.count for one in reliability(np.zeros(5, int), edges, bins=4)] == [1, 1, 1, 2]


def test_the_error_is_the_mean_gap_of_the_diagram():
    rng = np.random.default_rng(1)
    scores = rng.uniform(size=3000)
    labels = (rng.uniform(size=3000) < scores**2).astype(int)
    bins = [one for one in reliability(labels, scores) if one.count]
    gap = sum(one.count * abs(one.mean_score - one.share_of_fakes) for one in bins) / 3000
    assert expected_calibration_error(labels, scores) == pytest.approx(gap, abs=1e-12)
    assert 0.1 < gap < 0.25
