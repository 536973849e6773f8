"""TFMA's results with our metric, against scikit-learn on the very scores."""

import json
import math
import pickle

import numpy as np
import pandas as pd
import pytest
import tensorflow_model_analysis as tfma
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from components.evaluator import metrics
from components.evaluator.metrics import HIGH, LOW, MEASURES, ExactMeasure
from components.measures.intervals import bootstrap


@pytest.fixture
def analyze(tmp_path):
    """``analyze(labels, scores, sources, names)``: what TFMA finds, by slice and name of the metric."""

    def run(labels, scores, sources, names=tuple(MEASURES)):
        config = tfma.EvalConfig(
            model_specs=[tfma.ModelSpec(prediction_key="score", label_key="label")],
            slicing_specs=[tfma.SlicingSpec(), tfma.SlicingSpec(feature_keys=["source"])],
            metrics_specs=[
                tfma.MetricsSpec(
                    metrics=[
                        tfma.MetricConfig(
                            class_name="ExactMeasure",
                            module=metrics.__name__,
                            config=json.dumps({"name": name}),
                        )
                        for name in names
                    ]
                )
            ],
        )
        rows = pd.DataFrame({"label": labels, "score": scores, "source": sources})
        result = tfma.analyze_raw_data(rows, config, output_path=str(tmp_path))
        return {
            dict(key).get("source", "overall"): {
                name: float(value["doubleValue"]) for name, value in found[""][""].items()
            }
            for key, found in result.slicing_metrics
        }

    return run


@pytest.fixture(scope="module")
def close_scores():
    """Labels, float32 scores within 1e-4 of each other, and the source of each of 300 images."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    scores = (0.7 + 1e-5 * (rng.normal(size=300) + 2 * labels)).astype(np.float32)
    return labels, scores, np.array(["a", "b", "c"])[np.arange(300) % 3]


def test_every_measure_is_exact_however_close_the_scores(analyze, close_scores):
    labels, scores, sources = close_scores
    found = analyze(labels, scores, sources)
    assert set(found) == {"overall", "a", "b", "c"}
    for name, values in found.items():
        inside = (sources == name) | (name == "overall")
        some_labels, some_scores = labels[inside], scores[inside].astype(np.float64)
        assert values["auc"] == pytest.approx(roc_auc_score(some_labels, some_scores), abs=1e-9)
        expected = average_precision_score(some_labels, some_scores)
        assert values["average_precision"] == pytest.approx(expected, abs=1e-9)
        assert values["log_loss"] == pytest.approx(log_loss(some_labels, some_scores), abs=1e-9)
        assert values["brier"] == pytest.approx(brier_score_loss(some_labels, some_scores), abs=1e-9)
        assert set(values) >= {one + end for one in MEASURES for end in ("", LOW, HIGH)}


def test_tfmas_own_auc_is_not(close_scores, analyze):
    # Why there is a metric of ours; the day this fails it may go.
    labels, scores, _ = close_scores
    config = tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(prediction_key="score", label_key="label")],
        slicing_specs=[tfma.SlicingSpec()],
        metrics_specs=[tfma.MetricsSpec(metrics=[tfma.MetricConfig(class_name="AUC")])],
    )
    result = tfma.analyze_raw_data(pd.DataFrame({"label": labels, "score": scores}), config)
    [(_, found)] = result.slicing_metrics
    assert abs(found[""][""]["auc"]["doubleValue"] - roc_auc_score(labels, scores)) > 0.01


def test_intervals_are_those_of_the_bootstrap(analyze, close_scores):
    labels, scores, sources = close_scores
    found = analyze(labels, scores, sources, names=("auc",))
    expected = bootstrap(labels, scores, MEASURES["auc"])
    assert (found["overall"]["auc/low"], found["overall"]["auc/high"]) == pytest.approx(expected, abs=1e-12)


def test_what_is_not_defined_is_no_number(analyze):
    # Only fakes in a; a single image in b; a fake that is quite surely real in c.
    labels = np.array([1, 1, 0, 1, 1, 0, 0])
    scores = np.array([0.2, 0.8, 0.5, 0.0, 0.9, 0.1, 0.4], np.float32)
    found = analyze(labels, scores, list("aabcccc"))
    numbers = {name: {one for one in MEASURES if math.isfinite(found[name][one])} for name in found}
    needs_no_classes = {"log_loss", "brier", "expected_calibration_error"}
    assert numbers["a"] == numbers["b"] == needs_no_classes
    assert numbers["c"] == numbers["overall"] == set(MEASURES) - {"log_loss"}
    assert math.isnan(found["b"]["brier/low"])
    assert found["a"]["brier/low"] <= found["a"]["brier"]


def test_what_is_gathered_takes_five_bytes_an_image_and_merges():
    key = tfma.metrics.MetricKey(name="gathered")
    combiner = metrics._Gather(key, None)
    parts = [combiner.create_accumulator() for _ in range(3)]
    for number in range(3000):
        element = tfma.metrics.StandardMetricInputs(
            label=np.array([number % 2]), prediction=np.array([number / 3000], np.float32)
        )
        parts[number % 3] = combiner.add_input(parts[number % 3], element)
    merged = combiner.merge_accumulators(pickle.loads(pickle.dumps(parts)))  # noqa: S301
    assert sum(part.itemsize * len(part) for part in merged) == 5 * 3000
    expected = sorted((np.float32(number / 3000), number % 2) for number in range(3000))
    assert sorted(zip(merged.scores, merged.labels, strict=True)) == expected


def test_there_is_no_other_measure():
    with pytest.raises(ValueError, match="Expected the name of a measure"):
        ExactMeasure("accuracy")
