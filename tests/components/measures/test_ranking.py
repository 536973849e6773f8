"""Ranking measures on sets small enough to count by hand."""

import numpy as np
import pytest

from components.measures.ranking import average_precision, equal_error_rate, recall_at_fpr, roc_auc

LABELS = np.array([1, 1, 0, 1, 0, 0])
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])


def test_by_hand():
    # Of nine pairs, one is the wrong way round.
    assert roc_auc(LABELS, SCORES) == pytest.approx(8 / 9)
    assert average_precision(LABELS, SCORES) == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert recall_at_fpr(LABELS, SCORES, 0.3) == pytest.approx(2 / 3)
    assert recall_at_fpr(LABELS, SCORES, 1 / 3) == 1.0
    assert equal_error_rate(LABELS, SCORES) == pytest.approx(1 / 3)


def test_scores_all_the_same_tell_nothing():
    labels, scores = np.array([0, 1, 1, 1]), np.full(4, 0.5)
    assert roc_auc(labels, scores) == 0.5
    assert average_precision(labels, scores) == 0.75
    assert equal_error_rate(labels, scores) == 0.5
    assert recall_at_fpr(labels, scores, 0.01) == 0.0


def test_scores_within_a_ten_thousandth_are_told_apart():
    scores = 0.5 + np.array([6, 5, 4, 3, 2, 1]) * np.float32(1e-7)
    assert roc_auc(LABELS, scores.astype(np.float32)) == pytest.approx(8 / 9)


def test_a_share_of_exactly_the_rate_is_within_it():
    # 3 / 300 is 0.01; no rounding may put it above.
    labels = np.concatenate([np.zeros(300, int), np.ones(2, int)])
    scores = np.concatenate([np.full(3, 0.9), np.full(297, 0.1), [0.95, 0.5]])
    assert recall_at_fpr(labels, scores, 0.01) == 1.0


def test_reversing_the_scores_reverses_the_ranking():
    assert roc_auc(LABELS, -SCORES) == pytest.approx(1 / 9)
    assert equal_error_rate(LABELS, -SCORES) == pytest.approx(2 / 3)
