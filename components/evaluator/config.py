"""Evaluator: what TFMA measures on the test split, and what a model must reach to be blessed."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from tensorflow_model_analysis.proto import config_pb2

from components.evaluator import metrics
from components.evaluator.bounds import slice_thresholds
from components.evaluator.slices import slice_key
from components.settings import Bound, EvaluatorSettings
from data import example

EXTRACTORS_MODULE = "components.evaluator.extractors"
"""The Evaluator needs it as its `module_path`: without, it finds no slices."""

SCORE_OUTPUT = "score"
DECISION_OUTPUT = "predicted_label"
"""Outputs of the `serving_default` signature; the second is the decision at tau, as 0.0 or 1.0."""

_DECISION_MEASURES = {
    "precision_fake": "Precision",
    "recall_fake": "Recall",
    "recall_real": "Specificity",
    "false_positive_rate": "FPR",
}
"""Classes of TFMA by name of the metric."""


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
                    *(
                        _metric(
                            metrics.ExactMeasure.__name__,
                            {"name": name, "source_hash": source_hash},
                            settings.bounds,
                            metrics.__name__,
                        )
                        for name in metrics.MEASURES
                    ),
                    # TFMA calls fake what lies above a threshold, this project what lies at it as well.
                    _at_thresholds([math.nextafter(one, -math.inf) for one in settings.thresholds]),
                ],
            ),
            config_pb2.MetricsSpec(
                output_names=[DECISION_OUTPUT],
                # The decision is 0 or 1, so any threshold between reads it as it was taken at tau.
                metrics=[
                    _metric("BinaryAccuracy", {"name": "accuracy"}, settings.bounds),
                    *(
                        _metric(class_name, {"name": name, "thresholds": 0.5}, settings.bounds)
                        for name, class_name in _DECISION_MEASURES.items()
                    ),
                    _at_thresholds([0.5]),
                ],
            ),
        ],
    )


def _metric(
    class_name: str, config: dict[str, Any], bounds: Iterable[Bound] = (), module: str = ""
) -> config_pb2.MetricConfig:
    return config_pb2.MetricConfig(
        class_name=class_name,
        module=module,
        config=json.dumps(config),
        per_slice_thresholds=slice_thresholds(one for one in bounds if one.metric == config.get("name")),
    )


def _at_thresholds(thresholds: Sequence[float]) -> config_pb2.MetricConfig:
    return _metric("ConfusionMatrixAtThresholds", {"thresholds": list(thresholds)})
