"""Temperature and threshold, against known answers, brute force and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import f1_score, log_loss

from components.calibration import Calibration, best_f1_threshold, calibrate, fit_temperature


@st.composite
def scored(draw, values):
    """Scores and labels of both classes, with many ties."""
    labels = draw(
        st.lists(st.integers(0, 1), min_size=2, max_size=40).filter(lambda found: len(set(found)) == 2)
    )
    scores = draw(st.lists(values, min_size=len(labels), max_size=len(labels)))
    return np.array(scores), np.array(labels)


def best_f1_by_brute_force(scores, labels):
    return max(f1_score(labels, scores >= tau, zero_division=0.0) for tau in [*scores, 0.0, 1.0])


few_scores = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
any_scores = st.floats(0.0, 1.0)


@given(scored(few_scores | any_scores))
def test_no_threshold_has_a_better_f1(problem):
    scores, labels = problem
    tau = best_f1_threshold(scores, labels)
    assert 0.0 <= tau <= 1.0
    assert f1_score(labels, scores >= tau) == pytest.approx(best_f1_by_brute_force(scores, labels), abs=1e-9)


@given(scored(few_scores))
def test_among_equals_the_highest_threshold_wins(problem):
    scores, labels = problem
    best, tau = best_f1_by_brute_force(scores, labels), best_f1_threshold(scores, labels)
    for higher in np.unique(scores[scores >= tau])[1:]:
        assert f1_score(labels, scores >= higher, zero_division=0.0) < best - 1e-12


def test_a_tie_is_decided_for_the_threshold_that_calls_fewer_fake():
    # One fake found of two with no false alarm, or both with two: F1 is 2/3 either way.
    assert best_f1_threshold(np.array([0.9, 0.6, 0.4, 0.1]), np.array([1, 0, 0, 1])) == pytest.approx(0.75)


@pytest.mark.parametrize("score", [0.0, 0.5, np.nextafter(0.5, 1)])
def test_the_threshold_parts_neighbouring_numbers(score):
    scores = np.array([score, np.nextafter(score, 1)])
    assert (scores >= best_f1_threshold(scores, np.array([0, 1]))).tolist() == [False, True]


def test_the_threshold_lies_halfway_to_the_next_lower_score():
    assert best_f1_threshold(np.array([0.1, 0.2, 0.6, 0.8]), np.array([0, 0, 1, 1])) == pytest.approx(0.4)


def test_equal_scores_are_all_called_fake():
    # A fake that cannot be told from the reals: nothing beats calling everything fake.
    scores, labels = np.full(6, 0.3), np.array([0, 0, 0, 1, 1, 1])
    tau = best_f1_threshold(scores, labels)
    assert tau == pytest.approx(0.3)
    assert np.all(scores >= tau)


def test_the_worst_detector_still_gets_a_threshold():
    scores, labels = np.array([0.9, 0.8, 0.2, 0.1]), np.array([0, 0, 1, 1])
    tau = best_f1_threshold(scores, labels)
    assert f1_score(labels, scores >= tau) == pytest.approx(best_f1_by_brute_force(scores, labels))


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("choose", [best_f1_threshold, calibrate])
def test_a_missing_class_is_refused(choose, missing):
    with pytest.raises(ValueError, match=rf"both classes .* received labels \[{1 - missing}\]"):
        choose(np.array([0.2, 0.3]), np.full(2, 1 - missing))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("choose", [best_f1_threshold, calibrate])
def test_what_is_not_finite_is_refused(choose, value):
    with pytest.raises(ValueError, match="received 1 that are not"):
        choose(np.array([0.2, value, 0.7]), np.array([0, 1, 1]))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_recovered(temperature):
    rng = np.random.default_rng(0)
    true_logits = rng.normal(0, 2, 50_000)
    labels = (rng.random(50_000) < expit(true_logits)).astype(int)
    assert fit_temperature(true_logits * temperature, labels) == pytest.approx(temperature, rel=0.03)


def test_no_other_temperature_has_less_log_loss():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 200)
    logits = rng.normal(4 * labels - 2, 4)
    fitted = log_loss(labels, expit(logits / fit_temperature(logits, labels)))
    for temperature in np.geomspace(0.05, 20, 400):
        assert fitted <= log_loss(labels, expit(logits / temperature)) + 1e-9


@pytest.mark.parametrize("direction", [1, -1])
def test_temperature_stays_in_its_bounds_when_classes_separate(direction):
    logits, labels = direction * np.array([-3.0, -2.0, 2.0, 3.0]), np.array([0, 0, 1, 1])
    assert 0.05 <= fit_temperature(logits, labels) <= 20


@given(scored(st.floats(-40, 40)), st.booleans())
def test_calibrated_scores_and_threshold_are_shares_and_keep_the_best_f1(problem, temperature_scaling):
    logits, labels = problem
    calibration = calibrate(logits, labels, temperature_scaling)
    scores = calibration.scores(logits)
    assert 0.05 <= calibration.temperature <= 20
    assert 0.0 <= calibration.threshold <= 1.0
    assert np.all((scores >= 0) & (scores <= 1))
    achieved = f1_score(labels, scores >= calibration.threshold)
    assert achieved == pytest.approx(best_f1_by_brute_force(scores, labels), abs=1e-9)


def test_without_temperature_scaling_the_score_is_the_sigmoid():
    logits, labels = np.array([-2.0, -1.0, 0.5, 3.0], np.float32), np.array([0, 1, 0, 1])
    calibration = calibrate(logits, labels, temperature_scaling=False)
    assert calibration.temperature == 1.0
    np.testing.assert_allclose(
        calibration.scores(logits), 1 / (1 + np.exp(-logits.astype(float))), rtol=1e-12
    )


def test_a_temperature_above_one_draws_scores_to_the_middle():
    np.testing.assert_allclose(
        Calibration(2.0, 0.5).scores(np.array([[-4.0], [0.0], [4.0]])), expit([[-2.0], [0.0], [2.0]])
    )
