"""The risk-coverage curve and the band, against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.calibration import risk_coverage, uncertain_band
from components.errors import ObjectiveError

few_scores = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
taus = st.sampled_from([0.05, 0.25, 0.3, 0.5, 0.6, 0.95])


@st.composite
def scored(draw, values, both_classes=True):
    """Scores and labels, with many ties."""
    labels = draw(
        st.lists(st.integers(0, 1), min_size=2, max_size=30).filter(
            lambda found: not both_classes or len(set(found)) == 2
        )
    )
    scores = draw(st.lists(values, min_size=len(labels), max_size=len(labels)))
    return np.array(scores, np.float32).astype(float), np.array(labels)


def by_brute_force(labels, scores, tau):
    """(confidence, coverage, risk) of each confidence that can be asked for, the strictest first; and AURC."""
    called = scores >= np.float32(tau)
    wrong = called != (labels == 1)
    confidence = np.array([score if fake else 1 - score for score, fake in zip(scores, called, strict=True)])
    points = [
        (least, np.mean(confidence >= least), np.mean(wrong[confidence >= least]))
        for least in sorted(set(confidence), reverse=True)
    ]
    area = np.mean([np.mean(wrong[confidence >= one]) for one in confidence])
    return points, area


@given(scored(few_scores | st.floats(0, 1), both_classes=False), taus)
def test_curve_and_area_are_those_of_brute_force(problem, tau):
    scores, labels = problem
    points, area = by_brute_force(labels, scores, tau)
    found = risk_coverage(labels, scores, np.float32(tau))
    confidence, coverage, risk = map(np.array, zip(*points, strict=True))
    np.testing.assert_array_equal(found.confidence, confidence)
    np.testing.assert_allclose(found.coverage, coverage)
    np.testing.assert_allclose(found.risk, risk, atol=1e-12)
    assert found.area == pytest.approx(area)
    assert found.coverage[-1] == 1


def test_a_curve_known_by_hand():
    # From the surest: right, wrong, right, right.
    scores, labels = np.array([0.95, 0.1, 0.8, 0.4]), np.array([1, 1, 1, 0])
    found = risk_coverage(labels, scores, 0.5)
    np.testing.assert_allclose(found.coverage, [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(found.risk, [0, 1 / 2, 1 / 3, 1 / 4])
    np.testing.assert_allclose(found.confidence, [0.95, 0.9, 0.8, 0.6], rtol=1e-6)
    assert found.area == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 4)


def test_what_lies_below_a_high_tau_is_the_least_sure():
    found = risk_coverage(np.array([1, 1, 0]), np.array([0.95, 0.85, 0.1]), 0.9)
    np.testing.assert_allclose(found.confidence, [0.95, 0.9, 0.15], rtol=1e-6)
    np.testing.assert_allclose(found.risk, [0, 0, 1 / 3])


@pytest.mark.parametrize("tau", [0.0, 1.0])
def test_a_threshold_at_an_end_has_a_curve_too(tau):
    found = risk_coverage(np.array([0, 1, 1]), np.array([tau, 0.5, tau]), tau)
    assert found.confidence.tolist() == ([1.0, 0.5] if tau else [0.5, 0.0])
    np.testing.assert_allclose(found.risk, [0.5, 2 / 3] if tau else [0, 1 / 3])


@pytest.mark.parametrize("scores", [[], [0.5], [np.nan, 0.5], [1.5, 0.5]])
def test_what_is_no_set_of_scores_is_refused(scores):
    with pytest.raises(ValueError, match="Expected"):
        risk_coverage(np.zeros(0 if not scores else 2, int), np.array(scores), 0.5)


@given(scored(few_scores | st.floats(0, 1)), taus, st.sampled_from([0.0, 0.1, 0.25, 0.4]))
def test_the_band_is_the_smallest_that_keeps_to_the_error(problem, tau, max_error):
    scores, labels = problem
    tau = float(np.float32(tau))
    points, _ = by_brute_force(labels, scores, tau)
    if all(risk > max_error for _, _, risk in points):
        with pytest.raises(ObjectiveError, match=f"max_error={max_error:g}: expected a band around"):
            uncertain_band(scores, labels, tau, max_error)
        return
    coverage = max(coverage for _, coverage, risk in points if risk <= max_error)
    low, high = uncertain_band(scores, labels, tau, max_error)
    assert 0 <= low <= tau <= high <= 1
    assert (np.float32(low), np.float32(high)) == (low, high)
    decided = (scores < low) | (scores >= high)
    assert decided.mean() == pytest.approx(coverage)
    assert np.mean((scores >= tau)[decided] != labels[decided]) <= max_error


def test_the_band_ends_halfway_to_the_next_score():
    # Only the two nearest are called wrong.
    scores, labels = np.array([0.1, 0.2, 0.45, 0.6, 0.8, 0.9]), np.array([0, 0, 1, 0, 1, 1])
    np.testing.assert_allclose(uncertain_band(scores, labels, 0.5, 0.0), (0.325, 0.7), atol=1e-6)


def test_no_band_where_the_errors_are_few_enough():
    scores, labels = np.array([0.1, 0.2, 0.45, 0.6, 0.8, 0.9]), np.array([0, 0, 1, 0, 1, 1])
    assert uncertain_band(scores, labels, 0.5, 1 / 3) == (0.5, 0.5)


def test_a_side_without_errors_is_left_alone():
    scores, labels = np.array([0.01, 0.4, 0.9, 0.95]), np.array([0, 1, 1, 1])
    low, high = uncertain_band(scores, labels, 0.5, 0.0)
    assert low == pytest.approx(0.205)
    assert high == 0.5


def test_a_band_that_leaves_no_image_called_fake_ends_just_above_them():
    scores, labels = np.array([0.001, 0.6, 0.6, 0.6]), np.array([0, 0, 1, 1])
    np.testing.assert_allclose(uncertain_band(scores, labels, 0.5, 0.1), (0.5, 0.601), atol=1e-6)


def test_a_band_that_leaves_no_image_called_real_begins_just_below_them():
    scores, labels = np.array([0.4, 0.4, 0.999]), np.array([0, 1, 1])
    np.testing.assert_allclose(uncertain_band(scores, labels, 0.5, 0.1), (0.399, 0.5), atol=1e-6)


def test_scores_of_1_are_never_uncertain():
    below = float(np.nextafter(np.float32(1), np.float32(0)))
    scores, labels = np.array([below, 1.0, 1.0, 1.0]), np.array([0, 1, 1, 0])
    assert uncertain_band(scores, labels, 1.0, 0.4)[1] == 1.0
    with pytest.raises(ObjectiveError, match=r"the least that one leaves is 0\.25, deciding 100\.00%"):
        uncertain_band(scores, labels, 1.0, 0.1)
