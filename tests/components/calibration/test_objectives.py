"""Each objective against brute force over every decision that a threshold can make, and against known answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from components.calibration import Objective, choose_threshold, parse_objective
from components.errors import ObjectiveError
from components.settings import CalibrationSettings

BEST_F1 = Objective("best-f1")
few_scores = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
any_scores = st.floats(0.0, 1.0)
rates = st.sampled_from([0.0, 0.01, 0.25, 1 / 3, 0.5, 0.99])


@st.composite
def scored(draw, values):
    """Scores and labels of both classes, with many ties."""
    labels = draw(
        st.lists(st.integers(0, 1), min_size=2, max_size=40).filter(lambda found: len(set(found)) == 2)
    )
    scores = draw(st.lists(values, min_size=len(labels), max_size=len(labels)))
    # What float32 does not tell apart, a served model does not either.
    return np.array(scores, np.float32).astype(float), np.array(labels)


def decisions(scores):
    """Every way in which a threshold in [0, 1] can part the scores, from the fewest called fake to all."""
    cuts = sorted({*scores, 1.0, 0.0}, reverse=True)
    return [scores >= cut for cut in cuts]


def false_positive_rate(labels, called):
    return np.mean(called[labels == 0])


problems = scored(few_scores | any_scores)


@given(problems)
def test_no_threshold_has_a_better_f1(problem):
    scores, labels = problem
    tau = choose_threshold(scores, labels, BEST_F1)
    assert 0.0 <= tau <= 1.0
    best = max(f1_score(labels, called, zero_division=0.0) for called in decisions(scores))
    assert f1_score(labels, scores >= tau) == pytest.approx(best, abs=1e-12)


@given(scored(few_scores))
def test_among_equal_f1_the_highest_threshold_wins(problem):
    scores, labels = problem
    tau = choose_threshold(scores, labels, BEST_F1)
    reached = f1_score(labels, scores >= tau)
    for higher in np.unique(scores[scores >= tau])[1:]:
        assert f1_score(labels, scores >= higher, zero_division=0.0) < reached - 1e-12


@given(problems, rates)
def test_the_lowest_threshold_within_a_false_positive_rate(problem, rate):
    scores, labels = problem
    within = [called for called in decisions(scores) if false_positive_rate(labels, called) <= rate]
    if not within:
        assert max(scores[labels == 0]) == 1.0
        with pytest.raises(ObjectiveError, match=f"fpr={rate:g}: .* real images have a score of 1"):
            choose_threshold(scores, labels, Objective("fpr", rate))
        return
    tau = choose_threshold(scores, labels, Objective("fpr", rate))
    assert 0.0 <= tau <= 1.0
    np.testing.assert_array_equal(scores >= tau, max(within, key=np.sum))


@given(problems, st.sampled_from([0.1, 0.5, 2 / 3, 0.9, 1.0]))
def test_the_highest_recall_with_a_precision(problem, least):
    scores, labels = problem
    precise = [
        called
        for called in decisions(scores)
        if called.any() and precision_score(labels, called, zero_division=0.0) >= least
    ]
    if not precise:
        with pytest.raises(ObjectiveError, match=f"precision={least:g}"):
            choose_threshold(scores, labels, Objective("precision", least))
        return
    tau = choose_threshold(scores, labels, Objective("precision", least))
    found = scores >= tau
    assert precision_score(labels, found) >= least
    # Among equals, the fewest called fake, which come first.
    np.testing.assert_array_equal(found, max(precise, key=lambda called: recall_score(labels, called)))


@given(problems, st.sampled_from([0.1, 1.0, 3.0, 10.0]))
def test_the_least_cost(problem, misses):
    scores, labels = problem

    def cost(called):
        return misses * np.sum(called[labels == 0]) + np.sum(~called[labels == 1])

    found = scores >= choose_threshold(scores, labels, Objective("cost", misses))
    offered = decisions(scores)
    assert cost(found) == pytest.approx(min(map(cost, offered)))
    fewest = min((called for called in offered if np.isclose(cost(called), cost(found))), key=np.sum)
    np.testing.assert_array_equal(found, fewest)


SCORES = np.array([0.1, 0.2, 0.4, 0.6, 0.8, 0.9])
LABELS = np.array([0, 0, 1, 0, 1, 1])


@pytest.mark.parametrize(
    ("objective", "tau"),
    [
        ("best-f1", 0.3),
        ("fpr=0", 0.7),
        ("fpr=0.34", 0.3),
        ("fpr=0.7", 0.15),
        ("precision=1", 0.7),
        ("precision=0.7", 0.3),
        ("cost=10", 0.7),
        ("cost=0.1", 0.3),
    ],
)
def test_known_answers_lie_halfway(objective, tau):
    assert choose_threshold(SCORES, LABELS, parse_objective(objective)) == pytest.approx(tau, abs=1e-7)


def test_a_tie_in_f1_is_decided_for_the_threshold_that_calls_fewer_fake():
    # One fake found of two with no false alarm, or both with two: F1 is 2/3 either way.
    scores, labels = np.array([0.9, 0.6, 0.4, 0.1]), np.array([1, 0, 0, 1])
    assert choose_threshold(scores, labels, BEST_F1) == pytest.approx(0.75)


@pytest.mark.parametrize("score", [0.0, 0.5, 1 - 2**-24, 1e-30])
def test_neighbours_in_float32_are_parted(score):
    scores = np.array([score, np.nextafter(np.float32(score), np.float32(1))])
    tau = choose_threshold(scores, np.array([0, 1]), BEST_F1)
    assert (scores.astype(np.float32) >= np.float32(tau)).tolist() == [False, True]


def test_what_float32_does_not_tell_apart_is_one_score():
    scores, labels = np.array([0.5, 0.5 + 1e-9, 0.9]), np.array([0, 1, 1])
    assert choose_threshold(scores, labels, Objective("fpr", 0.0)) == pytest.approx(0.7)
    called = scores >= choose_threshold(scores, labels, BEST_F1)
    assert called[0] == called[1]


@pytest.mark.parametrize(
    ("lowest", "tau"), [(0.3, 0.299), (0.0005, 0.00025), (0.0, 0.0), (1.0, 0.999)], ids=str
)
def test_a_threshold_below_all_scores_keeps_a_margin(lowest, tau):
    # Fakes that cannot be told from the reals: nothing beats calling everything fake.
    scores, labels = np.full(6, lowest), np.array([0, 0, 0, 1, 1, 1])
    assert choose_threshold(scores, labels, BEST_F1) == pytest.approx(tau, abs=1e-7)


@pytest.mark.parametrize(("highest", "tau"), [(0.3, 0.301), (0.9995, 0.99975), (0.0, 0.001)], ids=str)
@pytest.mark.parametrize("objective", ["fpr=0", "cost=10"])
def test_a_threshold_that_calls_nothing_fake_lies_just_above_the_highest_score(highest, tau, objective):
    scores, labels = np.full(6, highest), np.array([0, 0, 0, 1, 1, 1])
    assert choose_threshold(scores, labels, parse_objective(objective)) == pytest.approx(tau, abs=1e-7)


def test_where_reals_have_a_score_of_1_some_false_alarms_remain():
    scores, labels = np.array([1.0, 1.0, 0.4, 0.3, 0.2]), np.array([0, 1, 1, 0, 0])
    with pytest.raises(ObjectiveError, match=r"lowest that one has is 0\.3333, as 1 of 3 real images"):
        choose_threshold(scores, labels, Objective("fpr", 0.1))
    # To call nothing fake would be cheapest, and cannot be had: of what can be had, the cheapest.
    assert choose_threshold(scores, labels, Objective("cost", 10.0)) == pytest.approx(0.35)


def test_saturated_scores_are_parted_in_the_middle():
    scores, labels = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1])
    for objective in ("best-f1", "fpr=0", "precision=1", "cost=10"):
        assert choose_threshold(scores, labels, parse_objective(objective)) == pytest.approx(0.5)


def test_an_unreachable_precision_names_the_best_one():
    scores, labels = np.array([0.9, 0.8, 0.7, 0.1]), np.array([0, 1, 1, 0])
    with pytest.raises(ObjectiveError, match=r"the highest that one has is 0\.6667, at a recall of 1\."):
        choose_threshold(scores, labels, Objective("precision", 0.95))


def test_the_worst_detector_still_gets_a_threshold():
    scores, labels = np.array([0.9, 0.8, 0.2, 0.1]), np.array([0, 0, 1, 1])
    assert choose_threshold(scores, labels, BEST_F1) == pytest.approx(0.099)
    assert choose_threshold(scores, labels, Objective("fpr", 0.0)) == pytest.approx(0.901)


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("objective", ["best-f1", "fpr=0.1", "precision=0.5", "cost=2"])
def test_a_missing_class_is_refused(objective, missing):
    with pytest.raises(ValueError, match=rf"both classes .* received labels \[{1 - missing}\]"):
        choose_threshold(np.array([0.2, 0.3]), np.full(2, 1 - missing), parse_objective(objective))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="received 1 that are not"):
        choose_threshold(np.array([0.2, value, 0.7]), np.array([0, 1, 1]), BEST_F1)


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_score_outside_0_to_1_is_refused(value):
    with pytest.raises(ValueError, match=r"Expected scores in \[0, 1\]"):
        choose_threshold(np.array([0.2, value, 0.7]), np.array([0, 1, 1]), BEST_F1)


@pytest.mark.parametrize(
    ("text", "objective"),
    [
        ("best-f1", ("best-f1", None)),
        ("fpr=0", ("fpr", 0.0)),
        ("fpr=1e-3", ("fpr", 0.001)),
        ("precision=1", ("precision", 1.0)),
        ("cost=0.5", ("cost", 0.5)),
    ],
)
def test_an_objective_is_read(text, objective):
    assert parse_objective(text) == objective
    assert CalibrationSettings(objective=text).objective == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "accuracy", "f1", "best-f1=1", "fpr", "fpr=", "fpr=1", "fpr=-0.1", "fpr=nan", "fpr=1%"),
        *("precision=0", "precision=1.1", "cost=0", "cost=inf", "cost=-1", "recall=0.5", "FPR=0.1"),
    ],
)
def test_an_objective_that_cannot_be_read_is_refused(text):
    for read in (parse_objective, lambda objective: CalibrationSettings(objective=objective)):
        with pytest.raises(ValueError, match=rf"expected best-f1, fpr=RATE .* received '{text}'"):
            read(text)
