"""Measures of scores against scikit-learn, on random score sets and on such as make measures stumble."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score, roc_curve

from components.measures import probability, ranking

EXACT = 1e-9


def neighbours(steps: int) -> np.float32:
    """The float32 that lies so many representable numbers above 0.7."""
    return (np.array(0.7, np.float32).view(np.int32) + np.int32(steps)).view(np.float32)


SCORES = {
    "any": st.floats(0, 1, width=32),
    "ties": st.sampled_from([0.1, 0.25, 0.5, 0.75]),
    "constant": st.just(0.3),
    "saturated": st.sampled_from([0.0, 1.0]),
    "ends": st.sampled_from([0.0, 2**-40, 0.5, 1 - 2**-24, 1.0]),
    "extremely close": st.integers(0, 8).map(neighbours),
    "far below 1": st.floats(0, 2**-100, width=32),
}
SETS = st.one_of(
    [st.lists(st.tuples(st.integers(0, 1), scores), min_size=1, max_size=60) for scores in SCORES.values()]
).map(lambda pairs: (np.array([label for label, _ in pairs]), np.array([s for _, s in pairs], np.float32)))


def random_set(images: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(images)
    labels = rng.integers(0, 2, images)
    return labels, rng.beta(1 + labels, 2 - labels).astype(np.float32)


def on_all_sets(test):
    return settings(max_examples=300, deadline=None)(example(random_set(20_000))(given(SETS)(test)))


def one_class(labels: np.ndarray) -> bool:
    return len(set(labels.tolist())) < 2


@on_all_sets
def test_roc_auc(one_set):
    labels, scores = one_set
    found = ranking.roc_auc(labels, scores)
    assert found == (None if one_class(labels) else pytest.approx(roc_auc_score(labels, scores), abs=EXACT))


@on_all_sets
def test_average_precision(one_set):
    labels, scores = one_set
    found = ranking.average_precision(labels, scores)
    expected = None if one_class(labels) else average_precision_score(labels, scores)
    assert found == pytest.approx(expected, abs=EXACT)


@on_all_sets
def test_equal_error_rate(one_set):
    labels, scores = one_set
    found = ranking.equal_error_rate(labels, scores)
    if one_class(labels):
        assert found is None
        return
    false_positive_rate, recall, _ = roc_curve(labels, scores, drop_intermediate=False)
    # Along the curve, not along one of its axes: either may stand still while the other moves.
    way = np.arange(len(recall))
    along_x, along_y = interp1d(way, false_positive_rate), interp1d(way, recall)
    crossing = brentq(lambda at: along_x(at) + along_y(at) - 1, 0, way[-1], xtol=1e-14)
    assert found == pytest.approx(float(along_x(crossing)), abs=EXACT)


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.01, 0.3, 1.0])
@on_all_sets
def test_recall_at_false_positive_rate(rate, one_set):
    labels, scores = one_set
    found = ranking.recall_at_fpr(labels, scores, rate)
    if one_class(labels):
        assert found is None
        return
    false_positive_rate, recall, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert found == pytest.approx(recall[false_positive_rate <= rate].max(), abs=EXACT)


@on_all_sets
def test_log_loss(one_set):
    labels, scores = one_set
    found = probability.log_loss(labels, scores)
    if (scores[labels == 1] == 0).any() or (scores[labels == 0] == 1).any():
        # Infinite. scikit-learn gives a number that depends on the type of the scores.
        assert found is None
        return
    # scikit-learn also takes what lies nearer to 0 or 1 than this for this.
    nearest = np.finfo(np.float64).eps
    scores = scores.astype(np.float64)
    assume(not ((labels == 1) & (scores < nearest)).any())
    assert found == pytest.approx(log_loss(labels, scores, labels=[0, 1]), abs=EXACT)


@on_all_sets
def test_brier(one_set):
    labels, scores = one_set
    # In float64: scikit-learn works in the type of the scores.
    expected = brier_score_loss(labels, scores.astype(np.float64), pos_label=1)
    assert probability.brier(labels, scores) == pytest.approx(expected, abs=EXACT)


@on_all_sets
def test_expected_calibration_error(one_set):
    labels, scores = one_set
    # Another way: a loop over bins with the edges as they are defined, low <= score < high.
    scores = scores.astype(np.float64)
    expected = 0.0
    for number in range(15):
        low, high = number / 15, (number + 1) / 15
        inside = (low <= scores) & ((scores < high) | (number == 14))
        if inside.any():
            expected += inside.mean() * abs(scores[inside].mean() - labels[inside].mean())
    assert probability.expected_calibration_error(labels, scores) == pytest.approx(expected, abs=EXACT)


MEASURES = {
    "roc_auc": ranking.roc_auc,
    "average_precision": ranking.average_precision,
    "equal_error_rate": ranking.equal_error_rate,
    "recall_at_fpr": lambda labels, scores, weights=None: ranking.recall_at_fpr(labels, scores, 0.1, weights),
    "log_loss": probability.log_loss,
    "brier": probability.brier,
    "expected_calibration_error": lambda labels, scores, weights=None: probability.expected_calibration_error(
        labels, scores, weights=weights
    ),
}


@pytest.mark.parametrize("name", MEASURES)
@settings(deadline=None)
@given(st.data())
def test_weights_are_repetitions(name, data):
    labels, scores = data.draw(SETS)
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(labels), max_size=len(labels))))
    measure = MEASURES[name]
    repeated = measure(np.repeat(labels, weights), np.repeat(scores, weights))
    assert measure(labels, scores, weights=weights) == pytest.approx(repeated, abs=EXACT)


@pytest.mark.parametrize("name", MEASURES)
def test_no_image_no_measure(name):
    assert MEASURES[name](np.array([], int), np.array([])) is None


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize(
    ("labels", "scores", "problem"),
    [
        ([0, 1], [0.1, np.nan], "Expected finite scores, received 1 of 2"),
        ([0, 1], [0.1, np.inf], "Expected finite scores"),
        ([0, 2], [0.1, 0.2], r"Expected labels of 0 \(real\) or 1 \(fake\), received 2"),
        ([0, 1], [0.1], r"of one shape \[N\], received \[2\], \[1\]"),
        ([[0, 1]], [[0.1, 0.2]], "of one shape"),
    ],
)
def test_what_cannot_be_measured_is_an_error(name, labels, scores, problem):
    with pytest.raises(ValueError, match=problem):
        MEASURES[name](np.array(labels), np.array(scores))


@pytest.mark.parametrize("name", ["log_loss", "brier", "expected_calibration_error"])
def test_logits_are_no_probabilities(name):
    with pytest.raises(ValueError, match=r"Expected scores in \[0, 1\], received some from -2 to 3"):
        MEASURES[name](np.array([0, 1]), np.array([-2.0, 3.0]))
