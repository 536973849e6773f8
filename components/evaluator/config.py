"""Evaluator: what TFMA measures on the test split, and what a model must reach to be blessed."""

from collections.abc import Sequence

from google.protobuf import wrappers_pb2
from tensorflow_model_analysis.proto import config_pb2

from components.settings import EvaluatorSettings
from data import example

SCORE_OUTPUT = "score"
DECISION_OUTPUT = "predicted_label"
"""Outputs of the `serving_default` signature; the second is the decision at tau, as 0.0 or 1.0."""


def eval_config(settings: EvaluatorSettings, columns: Sequence[str] = ()) -> config_pb2.EvalConfig:
    """TFMA's configuration: score metrics over the threshold grid, decision metrics at tau, all by slice.

    Args:
        settings: of this project.
        columns: annotated columns of the records, to slice by besides what the settings say.
    """
    slices = dict.fromkeys([*settings.slices, *(example.COLUMN_PREFIX + column for column in columns)])
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(signature_name="serving_default", label_key=example.LABEL_KEY)],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[key]) for key in slices),
        ],
        metrics_specs=[
            config_pb2.MetricsSpec(
                output_names=[SCORE_OUTPUT],
                metrics=[
                    _auc(settings),
                    _metric("AUCPrecisionRecall"),
                    _metric("BinaryCrossEntropy"),
                    _at_thresholds(settings.thresholds),
                ],
            ),
            config_pb2.MetricsSpec(
                output_names=[DECISION_OUTPUT],
                # The decision is 0 or 1, so any threshold between reads it as it was taken at tau.
                metrics=[_accuracy(settings), _at_thresholds([0.5])],
            ),
        ],
    )


def _metric(
    name: str, config: str = "", bound: config_pb2.MetricThreshold | None = None
) -> config_pb2.MetricConfig:
    # A plain `threshold` would bind every slice.
    whole_split = config_pb2.PerSliceMetricThreshold(
        slicing_specs=[config_pb2.SlicingSpec()], threshold=bound
    )
    return config_pb2.MetricConfig(
        class_name=name, config=config, per_slice_thresholds=[whole_split] if bound else []
    )


def _at_thresholds(thresholds: Sequence[float]) -> config_pb2.MetricConfig:
    return _metric("ConfusionMatrixAtThresholds", f'"thresholds": {list(thresholds)}')


def _auc(settings: EvaluatorSettings) -> config_pb2.MetricConfig:
    return _metric(
        "AUC",
        bound=config_pb2.MetricThreshold(
            value_threshold=config_pb2.GenericValueThreshold(lower_bound=_value(settings.min_auc)),
            change_threshold=config_pb2.GenericChangeThreshold(
                direction=config_pb2.MetricDirection.HIGHER_IS_BETTER, absolute=_value(-settings.max_auc_drop)
            ),
        ),
    )


def _accuracy(settings: EvaluatorSettings) -> config_pb2.MetricConfig:
    return _metric(
        "BinaryAccuracy",
        bound=config_pb2.MetricThreshold(
            value_threshold=config_pb2.GenericValueThreshold(lower_bound=_value(settings.min_accuracy))
        ),
    )


def _value(number: float) -> wrappers_pb2.DoubleValue:
    return wrappers_pb2.DoubleValue(value=number)
