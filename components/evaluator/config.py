"""Evaluator: what TFMA measures on the test split, and what a model must reach to be blessed."""

import json
import math
from collections.abc import Sequence
from typing import Any

from google.protobuf import wrappers_pb2
from tensorflow_model_analysis.proto import config_pb2

from components.evaluator import metrics
from components.evaluator.slices import slice_key
from components.settings import EvaluatorSettings
from data import example

EXTRACTORS_MODULE = "components.evaluator.extractors"
"""The Evaluator needs it as its `module_path`: without, it finds no slices."""

SCORE_OUTPUT = "score"
DECISION_OUTPUT = "predicted_label"
"""Outputs of the `serving_default` signature; the second is the decision at tau, as 0.0 or 1.0."""


def eval_config(
    settings: EvaluatorSettings, columns: Sequence[str] = (), source_hash: str = ""
) -> config_pb2.EvalConfig:
    """TFMA's configuration: score metrics over the threshold grid, decision metrics at tau, all by slice.

    Args:
        settings: of this project.
        columns: annotated columns of the records, to slice by besides what the settings say.
        source_hash: of the code that measures and slices. TFX's cache does not see that code; it sees this.
    """
    slices = dict.fromkeys([*settings.slices, *map(slice_key, columns)])
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
                    *(_measure(name, source_hash, settings) for name in metrics.MEASURES),
                    # TFMA calls fake what lies above a threshold, this project what lies at it as well.
                    _at_thresholds([math.nextafter(one, -math.inf) for one in settings.thresholds]),
                ],
            ),
            config_pb2.MetricsSpec(
                output_names=[DECISION_OUTPUT],
                # The decision is 0 or 1, so any threshold between reads it as it was taken at tau.
                metrics=[
                    _accuracy(settings),
                    _metric("Recall", {"name": "recall_fake", "thresholds": 0.5}),
                    _metric("Specificity", {"name": "recall_real", "thresholds": 0.5}),
                    _metric("FPR", {"name": "false_positive_rate", "thresholds": 0.5}),
                    _at_thresholds([0.5]),
                ],
            ),
        ],
    )


def _measure(name: str, source_hash: str, settings: EvaluatorSettings) -> config_pb2.MetricConfig:
    metric = _metric(
        metrics.ExactMeasure.__name__,
        {"name": name, "source_hash": source_hash},
        _auc_bound(settings) if name == "auc" else None,
    )
    metric.module = metrics.__name__
    return metric


def _metric(
    class_name: str, config: dict[str, Any] | None = None, bound: config_pb2.MetricThreshold | None = None
) -> config_pb2.MetricConfig:
    # A plain `threshold` would bind every slice.
    whole_split = config_pb2.PerSliceMetricThreshold(
        slicing_specs=[config_pb2.SlicingSpec()], threshold=bound
    )
    return config_pb2.MetricConfig(
        class_name=class_name,
        config=json.dumps(config or {}),
        per_slice_thresholds=[whole_split] if bound else [],
    )


def _at_thresholds(thresholds: Sequence[float]) -> config_pb2.MetricConfig:
    return _metric("ConfusionMatrixAtThresholds", {"thresholds": list(thresholds)})


def _auc_bound(settings: EvaluatorSettings) -> config_pb2.MetricThreshold:
    return config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(lower_bound=_value(settings.min_auc)),
        change_threshold=config_pb2.GenericChangeThreshold(
            direction=config_pb2.MetricDirection.HIGHER_IS_BETTER, absolute=_value(-settings.max_auc_drop)
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
