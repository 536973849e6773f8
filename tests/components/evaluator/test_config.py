"""What TFX's Evaluator is asked to measure."""

import json

import pytest
import tensorflow_model_analysis as tfma

from components.evaluator.config import DECISION_OUTPUT, SCORE_OUTPUT, eval_config
from components.evaluator.results import read_metrics
from components.settings import EvaluatorSettings


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


def test_the_rates_at_tau_are_there_to_be_bound(evaluate, held_out, exported):
    evaluation = evaluate(EvaluatorSettings(), held_out, exported)
    [overall, *_] = read_metrics(evaluation.folder)
    result = tfma.load_eval_result(str(evaluation.folder))
    metrics = dict(result.slicing_metrics)[()][DECISION_OUTPUT][""]
    rates = overall.at_tau.rates()
    for name in ("accuracy", "precision_fake", "recall_fake", "recall_real", "false_positive_rate"):
        assert metrics[name]["doubleValue"] == pytest.approx(rates[name])


def test_a_slice_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="slices"):
        EvaluatorSettings(slices=("image/format",))
