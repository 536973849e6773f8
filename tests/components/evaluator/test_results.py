"""Metrics read back from the Evaluator's files, against scikit-learn on Keras' scores."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from components.evaluator.results import Confusion, read_metrics
from components.settings import EvaluatorSettings

SETTINGS = EvaluatorSettings(min_auc=0.0, min_accuracy=0.0, thresholds=(0.1, 0.3, 0.5, 0.7, 0.9))


@pytest.fixture(scope="module")
def slices(evaluate, held_out, exported):
    """Metrics by the name of their slice."""
    return {one.name: one for one in read_metrics(evaluate(SETTINGS, held_out, exported).folder)}


@pytest.fixture(scope="module")
def scores(held_out, exported, expected_pixels):
    pixels = np.stack([expected_pixels(one.encoded) for one in held_out])
    logits = exported.model.predict(pixels, verbose=0)[:, 0].astype(float)
    return expit(logits / exported.calibration.temperature)


@pytest.fixture(scope="module")
def labels(held_out):
    return np.array([one.label for one in held_out])


def assert_counts(confusion, labels, called_fake):
    expected = confusion_matrix(labels, called_fake, labels=[0, 1]).ravel().tolist()
    assert [confusion.true_real, confusion.false_fake, confusion.false_real, confusion.true_fake] == expected


def test_slices_are_named_and_the_whole_comes_first(slices):
    assert list(slices) == ["overall", "method=brightened", "method=none", "source=a", "source=b"]


@pytest.mark.parametrize("name", ["overall", "source=a", "source=b"])
def test_metrics_are_those_of_scikit_learn(name, slices, scores, labels, held_out):
    inside = np.array([name in ("overall", f"source={one.source}") for one in held_out])
    found, scores, labels = slices[name], scores[inside], labels[inside]
    assert found.auc == pytest.approx(roc_auc_score(labels, scores), abs=1e-3)
    # TFMA interpolates between points of the curve, scikit-learn does not.
    assert found.average_precision == pytest.approx(average_precision_score(labels, scores), abs=0.02)
    assert found.log_loss == pytest.approx(log_loss(labels, scores), abs=1e-4)


def test_decisions_over_the_grid(slices, scores, labels):
    found = slices["overall"].at_thresholds
    assert [one.threshold for one in found] == list(SETTINGS.thresholds)
    for one in found:
        assert_counts(one, labels, scores >= one.threshold)


def test_decisions_at_tau_are_the_models_own(slices, scores, labels, exported):
    found = slices["overall"].at_tau
    assert found.threshold is None
    assert_counts(found, labels, scores >= exported.calibration.threshold)
    assert 0 < found.false_fake < found.real


@pytest.mark.parametrize(("name", "label"), [("method=none", 0), ("method=brightened", 1)])
def test_one_class_alone_has_no_auc_and_no_precision(name, label, slices, scores, labels, exported):
    found, scores = slices[name], scores[labels == label]
    assert (found.auc, found.average_precision) == (None, None)
    assert found.log_loss == pytest.approx(log_loss(np.full(30, label), scores, labels=[0, 1]), abs=1e-4)
    called_fake = (scores >= exported.calibration.threshold).sum()
    rates = found.at_tau.rates()
    assert (rates["precision_real"], rates["precision_fake"]) == (None, None)
    assert rates["recall_fake"] == (called_fake / 30 if label else None)
    assert rates["recall_real"] == (None if label else pytest.approx(1 - called_fake / 30))
    assert rates["accuracy"] == rates["recall_fake" if label else "recall_real"]


def test_all_of_it_goes_into_json(slices):
    overall = slices["overall"]
    content = json.loads(json.dumps(overall.as_dict()))
    assert content["auc"] == overall.auc
    assert content["at_tau"] == dataclasses.asdict(overall.at_tau) | overall.at_tau.rates()
    assert [one["threshold"] for one in content["at_thresholds"]] == list(SETTINGS.thresholds)
    assert content["at_thresholds"][0]["accuracy"] == overall.at_thresholds[0].rates()["accuracy"]


def test_the_originals_confusion_matrix_gives_its_published_figures():
    # AI-Horizon-Labs/DeepFake-Inspector, full data: rows true, columns predicted.
    found = Confusion(0.3495, true_real=87_881, false_fake=1_789, false_real=1_794, true_fake=87_966)
    assert (found.real, found.fake) == (89_670, 89_760)
    assert {name: round(value, 5) for name, value in found.rates().items()} == {
        "accuracy": 0.98003,
        "precision_real": 0.97999,
        "precision_fake": 0.98007,
        "recall_real": 0.98005,
        "recall_fake": 0.98001,
    }


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


def test_a_model_that_is_quite_sure_has_no_log_loss(evaluate, held_out, export_small):
    # Its scores round to 0 and 1, of which the logarithm is not defined.
    [overall, *_] = read_metrics(evaluate(SETTINGS, held_out, export_small(1e6)).folder)
    assert overall.log_loss is None
    assert overall.auc is not None
