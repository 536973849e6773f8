"""Rates of counted decisions: published figures, scikit-learn's, and their intervals against SciPy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, precision_score, recall_score

from components.measures.confusion import Confusion


def test_the_originals_confusion_matrix_gives_its_published_figures():
    # AI-Horizon-Labs/DeepFake-Inspector, full data: rows true, columns predicted.
    found = Confusion(0.3495, true_real=87_881, false_fake=1_789, false_real=1_794, true_fake=87_966)
    assert (found.real, found.fake) == (89_670, 89_760)
    published = {
        "accuracy": 0.98003,
        "precision_real": 0.97999,
        "precision_fake": 0.98007,
        "recall_real": 0.98005,
        "recall_fake": 0.98001,
    }
    assert {name: round(found.rates()[name], 5) for name in published} == published


def test_rates_are_undefined_where_nothing_was_called_so():
    everything_fake = Confusion(0.0, true_fake=3, false_fake=5, true_real=0, false_real=0).rates()
    assert everything_fake["precision_real"] is None
    assert everything_fake["recall_real"] == 0.0
    assert set(Confusion(0.5, 0, 0, 0, 0).rates().values()) == {None}


@given(*[st.integers(0, 30)] * 4)
def test_rates_are_those_of_scikit_learn(true_fake, false_fake, true_real, false_real):
    labels = [1] * true_fake + [0] * false_fake + [0] * true_real + [1] * false_real
    called = [1] * (true_fake + false_fake) + [0] * (true_real + false_real)
    rates = Confusion(0.5, true_fake, false_fake, true_real, false_real).rates()
    assert rates["accuracy"] == (pytest.approx(accuracy_score(labels, called)) if labels else None)
    for name, label in (("real", 0), ("fake", 1)):
        recall = recall_score(labels, called, pos_label=label) if label in labels else None
        defined = label in called and len(set(labels)) == 2
        precision = precision_score(labels, called, pos_label=label) if defined else None
        assert rates[f"recall_{name}"] == pytest.approx(recall)
        assert rates[f"precision_{name}"] == pytest.approx(precision)


@given(*[st.integers(0, 30)] * 4)
def test_intervals_are_scipys_and_hold_their_rate(true_fake, false_fake, true_real, false_real):
    found = Confusion(None, true_fake, false_fake, true_real, false_real)
    rates, intervals = found.rates(), found.intervals()
    proportions = {name for name in rates if not name.startswith("f1")}
    assert set(intervals) == {name for name in proportions if rates[name] is not None}
    for name, (low, high) in intervals.items():
        assert low <= rates[name] <= high
    if found.fake:
        expected = stats.binomtest(true_fake, found.fake).proportion_ci(method="wilson")
        assert intervals["recall_fake"] == pytest.approx((expected.low, expected.high))
    if found.real:
        expected = stats.binomtest(false_fake, found.real).proportion_ci(method="wilson")
        assert intervals["false_positive_rate"] == pytest.approx((expected.low, expected.high))
