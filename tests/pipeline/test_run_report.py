"""A report read back from ML Metadata: whatever it lacks is said in one sentence."""

import json
import math

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.errors import RunError
from pipeline.history.runs import read_runs
from pipeline.run_report import read_report, read_training

COMPLETE, FAILED = mlmd.Execution.COMPLETE, mlmd.Execution.FAILED


def _newest(made_up):
    return read_runs(made_up.store, most=1)[0]


@pytest.fixture
def old_evaluation(made_up):
    """The newest run, evaluated as before the measures were our own: by TFMA's AUC with a bound on it."""
    import pandas as pd
    import tensorflow_model_analysis as tfma

    made_up.finished("2026-11-25T04:14:41")
    bound = tfma.GenericValueThreshold(lower_bound={"value": 0.5})
    whole = tfma.PerSliceMetricThreshold(
        slicing_specs=[tfma.SlicingSpec()], threshold=tfma.MetricThreshold(value_threshold=bound)
    )
    config = tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(prediction_key="score", label_key="label")],
        slicing_specs=[tfma.SlicingSpec()],
        metrics_specs=[
            tfma.MetricsSpec(metrics=[tfma.MetricConfig(class_name="AUC", per_slice_thresholds=[whole])])
        ],
    )
    data = pd.DataFrame({"score": [0.1, 0.9], "label": [0.0, 1.0]})
    run = _newest(made_up)
    tfma.analyze_raw_data(data, config, output_path=run.output("Evaluator", "evaluation").uri)
    return run


def test_of_an_older_evaluation_the_way_out_is_named(old_evaluation):
    with pytest.raises(
        RunError, match=r"an older version of this project evaluated it.*Run the same command"
    ):
        read_report(old_evaluation)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "it was stopped, or is still running"),
        ([("DataGate", FAILED)], "DataGate failed"),
        ([("Trainer", COMPLETE), ("Evaluator", FAILED)], "Evaluator failed"),
        ([("Trainer", COMPLETE)], "it trained and evaluated nothing"),
        ([("Trainer", COMPLETE), ("Evaluator", COMPLETE)], "it was stopped, or is still running"),
    ],
)
def test_a_run_that_was_not_evaluated_says_why(made_up, steps, words):
    run = made_up.begin("2026-11-25T04:14:41")
    for node, state in steps:
        made_up.step(run, node, state)
    with pytest.raises(RunError, match=f"Run 2026-11-25T04:14:41 has no report: {words}"):
        read_report(_newest(made_up))


def test_an_evaluation_that_is_gone_is_named(made_up):
    made_up.finished("2026-11-25T04:14:41")
    with pytest.raises(RunError, match=r"what Evaluator put out is no longer at '.*/Evaluator/evaluation/"):
        read_report(_newest(made_up))


def test_the_auc_of_one_class_is_no_value_and_the_rest_is_json(made_up, phase_table):
    made_up.finished("2026-11-25T04:14:41", table=phase_table(auc=math.nan))
    training = read_training(made_up.workspace)
    assert training.run == "2026-11-25T04:14:41"
    validation, test = training.phases[0]["metrics"]
    assert (validation["auc"], test["auc"], test["accuracy"]) == (0.95, None, 0.7)
    json.dumps(training.phases, allow_nan=False)
