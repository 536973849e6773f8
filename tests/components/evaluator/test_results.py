"""Metrics read back from the Evaluator's files, against scikit-learn on Keras' scores."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    roc_auc_score,
)

from components.evaluator.metrics import MEASURES
from components.evaluator.results import read_metrics
from components.evaluator.slices import slice_name, slice_values
from components.settings import EvaluatorSettings

SETTINGS = EvaluatorSettings(thresholds=(0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0))
NEEDS_BOTH_CLASSES = {
    "auc",
    "average_precision",
    "equal_error_rate",
    "recall_at_fpr_1_percent",
    "recall_at_fpr_01_percent",
}


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
    assert list(slices) == [
        "overall",
        "format=png",
        "jpeg_quality=none",
        "method=brightened",
        "method=none",
        "size=1-63",
        "source=a",
        "source=b",
    ]


@pytest.mark.parametrize("name", ["overall", "source=a", "source=b"])
def test_metrics_are_those_of_scikit_learn(name, slices, scores, labels, held_out):
    inside = np.array([name in ("overall", f"source={one.source}") for one in held_out])
    found, scores, labels = slices[name], scores[inside], labels[inside]
    # Keras and the export agree within rounding, which turns no pair of these images round.
    assert found.auc == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)
    assert found.average_precision == pytest.approx(average_precision_score(labels, scores), abs=1e-9)
    assert found.log_loss == pytest.approx(log_loss(labels, scores), abs=1e-5)
    assert found.brier == pytest.approx(brier_score_loss(labels, scores), abs=1e-5)


def test_every_measure_has_an_interval_around_it(slices):
    overall = slices["overall"]
    for name in MEASURES:
        low, high = overall.intervals[name]
        assert low < high
        # Where resampled labels are worse calibrated by chance, that interval lies above its measure.
        assert low <= getattr(overall, name) <= high or name == "expected_calibration_error"


def test_rates_at_tau_have_the_interval_of_wilson(slices):
    overall = slices["overall"]
    expected = stats.binomtest(overall.at_tau.true_real, overall.at_tau.real).proportion_ci(method="wilson")
    assert overall.intervals["recall_real"] == pytest.approx((expected.low, expected.high))
    rates = overall.at_tau.rates()
    for name in set(overall.intervals) - set(MEASURES):
        low, high = overall.intervals[name]
        assert low < rates[name] < high


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
    undefined = {one for one in MEASURES if getattr(found, one) is None}
    assert undefined == NEEDS_BOTH_CLASSES
    assert undefined.isdisjoint(found.intervals)
    assert found.intervals["recall_fake" if label else "recall_real"]
    assert found.log_loss == pytest.approx(log_loss(np.full(30, label), scores, labels=[0, 1]), abs=1e-5)
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


def test_a_model_that_is_quite_sure_has_no_log_loss(evaluate, held_out, export_small):
    # Its scores round to 0 and 1, of which the logarithm is not defined.
    [overall, *_] = read_metrics(evaluate(SETTINGS, held_out, export_small(1e6)).folder)
    assert overall.log_loss is None
    assert "log_loss" not in overall.intervals
    assert overall.auc is not None


def test_an_image_is_in_the_slices_that_the_plain_functions_name(evaluate, held_out, exported):
    columns = ({"camera": "b\udcffd"}, {"camera": ""}, {})
    changes = (
        {"width": 200, "height": 150, "format": "jpeg", "jpeg_quality": 85, "span": 2},
        {"width": 2000, "height": 1024, "source": "d\udce9p\u00f4t", "span": 10},
        {"jpeg_quality": 30, "format": "jpeg", "source": "a=b, c"},
    )
    records = [
        dataclasses.replace(one, columns=columns[number % 3], **changes[number % 3])
        for number, one in enumerate(held_out)
    ]
    expected: dict[str, int] = {"overall": len(records)}
    for one in records:
        for key, value in slice_values(one).items():
            name = slice_name(key, value)
            expected[name] = expected.get(name, 0) + 1
    found = read_metrics(evaluate(SETTINGS, records, exported, columns=("camera",)).folder)
    assert {one.name: one.at_tau.real + one.at_tau.fake for one in found} == expected
    assert {"size=128-255", "jpeg_quality=70-89", "span=2", "camera=(empty)", "camera=b\ufffdd"} < set(
        expected
    )
