"""The whole choice: scores, threshold and band fit together, and rounding to float32 moves no decision."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import f1_score

from components.calibration import Calibration, calibrate
from components.errors import ObjectiveError
from components.settings import CalibrationSettings

OBJECTIVES = ("best-f1", "fpr=0.05", "precision=0.8", "cost=4")


@st.composite
def problems(draw, values):
    """Logits and labels of both classes, with many ties."""
    labels = draw(
        st.lists(st.integers(0, 1), min_size=2, max_size=40).filter(lambda found: len(set(found)) == 2)
    )
    logits = draw(st.lists(values, min_size=len(labels), max_size=len(labels)))
    return np.array(logits), np.array(labels)


any_logits = problems(st.sampled_from([-40.0, -1.0, 0.0, 1e-8, 2.0, 20.0]) | st.floats(-40, 40))


def overlapping(count, seed=0):
    """Logits of fakes and reals that overlap, float32, as a network gives them, and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    return rng.normal(2.5 * labels - 1, 2).astype(np.float32), labels


@given(any_logits, st.booleans(), st.sampled_from(OBJECTIVES))
def test_temperature_and_threshold_are_in_range_and_exact_in_float32(problem, scaling, objective):
    try:
        found = calibrate(*problem, CalibrationSettings(objective=objective, temperature_scaling=scaling))
    except ObjectiveError:
        return
    assert 0.05 <= found.temperature <= 20
    assert 0.0 <= found.threshold <= 1.0
    assert (np.float32(found.temperature), np.float32(found.threshold)) == (
        found.temperature,
        found.threshold,
    )
    assert found.uncertain is None


def test_the_default_is_the_best_f1():
    logits, labels = overlapping(300)
    found = calibrate(logits, labels, CalibrationSettings())
    scores = found.scores(logits)
    best = max(f1_score(labels, scores >= tau) for tau in scores)
    assert f1_score(labels, found.decisions(scores) == "fake") == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", range(5))
def test_the_served_graph_decides_validation_as_the_choice_did(objective, seed):
    logits, labels = overlapping(2000, seed)
    settings = CalibrationSettings(objective=objective, uncertain={"max_error": 0.06})
    found = calibrate(logits, labels, settings)
    # As the export does it, in float32 from the logit to the decision.
    score = tf.sigmoid(tf.constant(logits) / tf.constant(found.temperature, tf.float32))
    threshold, low, high = (tf.constant(cut, tf.float32) for cut in (found.threshold, *found.uncertain))
    decided = np.where((score >= threshold).numpy(), "fake", "real")
    expected = np.where(((score >= low) & (score < high)).numpy(), "uncertain", decided)
    assert set(expected) == {"real", "fake", "uncertain"}
    np.testing.assert_array_equal(found.decisions(expit(logits / found.temperature)), expected)


@given(any_logits, st.sampled_from(OBJECTIVES))
def test_rounding_scores_to_float32_flips_no_decision(problem, objective):
    logits, labels = problem
    try:
        found = calibrate(logits, labels, CalibrationSettings(objective=objective))
    except ObjectiveError:
        return
    scores = found.scores(logits)
    np.testing.assert_array_equal(scores, scores.astype(np.float32))
    in_float32 = scores.astype(np.float32) >= np.float32(found.threshold)
    np.testing.assert_array_equal(scores >= found.threshold, in_float32)
    np.testing.assert_array_equal(found.decisions(scores) == "fake", in_float32)


def test_a_band_is_chosen_where_it_is_asked_for():
    logits, labels = overlapping(2000)
    plain = calibrate(logits, labels, CalibrationSettings())
    found = calibrate(logits, labels, CalibrationSettings(uncertain={"max_error": 0.05}))
    assert (found.temperature, found.threshold) == (plain.temperature, plain.threshold)
    decisions = found.decisions(found.scores(logits))
    decided = decisions != "uncertain"
    error = np.mean((decisions[decided] == "fake") != labels[decided])
    assert 0.045 < error <= 0.05
    assert 0.1 < decided.mean() < 1


def test_decisions_at_the_ends_of_the_band():
    scores = np.array([[0.19, 0.2, 0.49], [0.5, 0.69, 0.7]])
    assert Calibration(1.0, 0.5, (0.2, 0.7)).decisions(scores).tolist() == [
        ["real", "uncertain", "uncertain"],
        ["uncertain", "uncertain", "fake"],
    ]
    two = [["real", "real", "real"], ["fake", "fake", "fake"]]
    assert Calibration(1.0, 0.5).decisions(scores).tolist() == two
    assert Calibration(1.0, 0.5, (0.5, 0.5)).decisions(scores).tolist() == two


@pytest.mark.parametrize(
    "facts",
    [(0.0, 0.5), (1.0, 1.1), (1.0, -0.1), (1.0, 0.5, (0.6, 0.7)), (1.0, 0.5, (0.4, 0.45)), (1.0, np.nan)],
)
def test_what_cannot_be_an_operating_point_is_refused(facts):
    with pytest.raises(ValueError, match="a threshold in \\[0, 1\\] and a band around it"):
        Calibration(*facts)


def test_it_is_read_back_from_the_facts_of_an_export_old_or_new():
    facts = {"temperature": 2.0, "threshold": 0.5, "model_name": "faces"}
    assert Calibration.from_facts(facts) == Calibration(2.0, 0.5)
    assert Calibration.from_facts(facts | {"uncertain": None}) == Calibration(2.0, 0.5)
    assert Calibration.from_facts(facts | {"uncertain": [0.4, 0.6]}) == Calibration(2.0, 0.5, (0.4, 0.6))


def test_without_temperature_scaling_the_score_is_the_sigmoid():
    logits, labels = np.array([-2.0, -1.0, 0.5, 3.0], np.float32), np.array([0, 1, 0, 1])
    found = calibrate(logits, labels, CalibrationSettings(temperature_scaling=False))
    assert found.temperature == 1.0
    np.testing.assert_array_equal(
        found.scores(logits), (1 / (1 + np.exp(-logits.astype(float)))).astype(np.float32)
    )


def test_a_temperature_above_one_draws_scores_to_the_middle():
    np.testing.assert_allclose(
        Calibration(2.0, 0.5).scores(np.array([[-4.0], [0.0], [4.0]])),
        expit([[-2.0], [0.0], [2.0]]),
        rtol=1e-7,
    )


def test_an_unreachable_band_is_told():
    # The surest image of all is called wrong.
    logits, labels = np.array([9.0, 1.0, 0.9, -1.0]), np.array([0, 1, 1, 0])
    with pytest.raises(
        ObjectiveError, match=r"uncertain max_error=0\.1: .* the least that one leaves is 0\.25"
    ):
        calibrate(
            logits, labels, CalibrationSettings(temperature_scaling=False, uncertain={"max_error": 0.1})
        )


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_class_is_refused(missing):
    with pytest.raises(ValueError, match=rf"both classes .* received labels \[{1 - missing}\]"):
        calibrate(np.array([0.2, 0.3]), np.full(2, 1 - missing), CalibrationSettings())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="received 1 that are not"):
        calibrate(np.array([0.2, value, 0.7]), np.array([0, 1, 1]), CalibrationSettings())


def test_logits_and_labels_must_be_as_many():
    with pytest.raises(ValueError, match=r"received shapes \(3,\) and \(2,\)"):
        calibrate(np.zeros(3), np.array([0, 1]), CalibrationSettings())
