"""What TFX's Evaluator blesses under our configuration, and what it does not."""

import json

import pytest
import tensorflow_model_analysis as tfma

from components.evaluator.config import DECISION_OUTPUT, SCORE_OUTPUT, eval_config
from components.evaluator.results import read_failures, read_metrics
from components.settings import EvaluatorSettings


@pytest.fixture(scope="module")
def worse(export_small):
    """A detector that takes most fakes for real ones."""
    return export_small(40)


def test_a_good_model_is_blessed_though_many_a_slice_has_one_class_only(evaluate, held_out, exported):
    # In the slices method=none and method=brightened there is no AUC.
    evaluation = evaluate(EvaluatorSettings(min_auc=0.8, min_accuracy=0.7), held_out, exported)
    assert evaluation.blessed
    assert read_failures(evaluation.folder) == []


def test_the_bounds_of_the_settings_decide(evaluate, held_out, exported):
    evaluation = evaluate(EvaluatorSettings(min_auc=0.99, min_accuracy=1.0), held_out, exported)
    assert not evaluation.blessed
    auc, accuracy = sorted(read_failures(evaluation.folder))
    assert auc.startswith("auc: expected at least 0.99, received 0.9")
    assert accuracy.startswith("binary_accuracy: expected at least 1, received 0.8")


def test_a_model_worse_than_the_baseline_is_not_blessed(evaluate, held_out, exported, worse):
    settings = EvaluatorSettings(min_auc=0.0, min_accuracy=0.0, max_auc_drop=0.2)
    evaluation = evaluate(settings, held_out, worse, exported)
    assert not evaluation.blessed
    [failure] = read_failures(evaluation.folder)
    assert failure.startswith(
        "auc: expected a change from the latest blessed model of at least -0.2, received -0."
    )


def test_a_drop_within_the_bound_is_forgiven(evaluate, held_out, exported, worse):
    settings = EvaluatorSettings(min_auc=0.0, min_accuracy=0.0, max_auc_drop=1.0)
    assert evaluate(settings, held_out, worse, exported).blessed


def test_a_split_without_reals_cannot_be_blessed(evaluate, held_out, exported):
    fakes = [one for one in held_out if one.label == 1]
    evaluation = evaluate(EvaluatorSettings(), fakes, exported)
    assert not evaluation.blessed
    [failure] = read_failures(evaluation.folder)
    assert failure.startswith("auc: expected")


def test_score_and_decision_are_measured_apart():
    config = eval_config(EvaluatorSettings(thresholds=(0.25, 0.75), slices=("source",)))
    assert [list(specs.output_names) for specs in config.metrics_specs] == [[SCORE_OUTPUT], [DECISION_OUTPUT]]
    assert [list(spec.feature_keys) for spec in config.slicing_specs] == [[], ["source"]]
    grids = [
        metric.config
        for specs in config.metrics_specs
        for metric in specs.metrics
        if metric.class_name == "ConfusionMatrixAtThresholds"
    ]
    at_score, at_decision = (json.loads(grid)["thresholds"] for grid in grids)
    assert at_decision == [0.5]
    # A step lower: TFMA calls fake what lies above.
    assert at_score == pytest.approx([0.25, 0.75], abs=1e-15)
    assert all(found < wanted for found, wanted in zip(at_score, (0.25, 0.75), strict=True))


def test_columns_are_sliced_by_as_well():
    config = eval_config(EvaluatorSettings(slices=("size",)), columns=("camera", "source"))
    found = [list(spec.feature_keys) for spec in config.slicing_specs]
    assert found == [[], ["size"], ["camera"], ["slice/source"]]


def test_other_code_is_another_configuration():
    assert eval_config(EvaluatorSettings(), source_hash="a") != eval_config(
        EvaluatorSettings(), source_hash="b"
    )


def test_recall_and_false_positive_rate_are_there_to_be_bound(evaluate, held_out, exported):
    evaluation = evaluate(EvaluatorSettings(min_auc=0.0, min_accuracy=0.0), held_out, exported)
    [overall, *_] = read_metrics(evaluation.folder)
    result = tfma.load_eval_result(str(evaluation.folder))
    metrics = dict(result.slicing_metrics)[()][DECISION_OUTPUT][""]
    rates = overall.at_tau.rates()
    for name in ("recall_fake", "recall_real", "false_positive_rate"):
        assert metrics[name]["doubleValue"] == pytest.approx(rates[name])


def test_a_slice_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="slices"):
        EvaluatorSettings(slices=("image/format",))
