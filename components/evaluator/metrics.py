"""Exact measures of the score, as metrics of TFMA.

TFMA's own AUC sorts scores into 10,000 buckets, so that scores closer than 1e-4 tie; these look at every score. For
that all scores of a slice are gathered in one place: 5 bytes an image and slice (float32 score, int8 label), 0.9 MB a
slice of 179,430 images. TFMA finds the class by `module` and `class_name` of a MetricConfig.
"""

import functools
import math
from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import model_util

from components.measures.intervals import Measure, bootstrap
from components.measures.probability import brier, expected_calibration_error, log_loss
from components.measures.ranking import average_precision, equal_error_rate, recall_at_fpr, roc_auc

MEASURES: dict[str, Measure] = {
    "auc": roc_auc,
    "average_precision": average_precision,
    "log_loss": log_loss,
    "brier": brier,
    "expected_calibration_error": expected_calibration_error,
    "equal_error_rate": equal_error_rate,
    "recall_at_fpr_1_percent": functools.partial(recall_at_fpr, rate=0.01),
    "recall_at_fpr_01_percent": functools.partial(recall_at_fpr, rate=0.001),
}
"""By name of the metric."""

LOW, HIGH = "/low", "/high"
"""Added to the name of a metric: the ends of its 95 % bootstrap interval."""

_GATHERED = "_labels_and_scores"
"""TFMA leaves names that begin like this out of what it writes."""


class ExactMeasure(tfma.metrics.Metric):
    """One of `MEASURES`, with the ends of its bootstrap interval; NaN where undefined.

    However many of them are asked for, scores are gathered once. Weights of examples are not supported. The baseline,
    which is only compared with, gets no interval.
    """

    def __init__(self, name: str, source_hash: str = ""):
        """Chooses the measure.

        Args:
            name: of the metric, a key of `MEASURES`.
            source_hash: of the code that measures; only there to be seen by TFX's cache.

        Raises:
            ValueError: when there is no such measure.
        """
        if name not in MEASURES:
            raise ValueError(f"Expected the name of a measure ({', '.join(MEASURES)}), received '{name}'.")
        super().__init__(
            metric_util.merge_per_key_computations(_computations), name=name, source_hash=source_hash
        )


class Gathered(NamedTuple):
    """What is known of the images of a slice; arrays of the standard library, which grow cheaply.

    Attributes:
        labels: int8, 0 or 1.
        scores: float32 in [0, 1].
    """

    labels: array
    scores: array


def _computations(
    name: str,
    source_hash: str,
    eval_config: config_pb2.EvalConfig | None = None,
    model_name: str = "",
    output_name: str = "",
) -> metric_types.MetricComputations:
    key, low, high, gathered = (
        metric_types.MetricKey(
            name=one, model_name=model_name, output_name=output_name, example_weighted=False
        )
        for one in (name, name + LOW, name + HIGH, _GATHERED)
    )
    baseline = model_util.get_baseline_model_spec(eval_config) if eval_config else None
    is_baseline = bool(baseline) and model_name == baseline.name
    measure = MEASURES[name]

    def result(metrics: dict[metric_types.MetricKey, Any]) -> dict[metric_types.MetricKey, float]:
        labels = np.frombuffer(metrics[gathered].labels, np.int8)
        scores = np.frombuffer(metrics[gathered].scores, np.float32)
        found = {key: _number(measure(labels, scores))}
        if not is_baseline:
            found[low], found[high] = bootstrap(labels, scores, measure) or (math.nan, math.nan)
        return found

    return [
        metric_types.MetricComputation(
            keys=[gathered], preprocessors=None, combiner=_Gather(gathered, eval_config)
        ),
        metric_types.DerivedMetricComputation(keys=[key] if is_baseline else [key, low, high], result=result),
    ]


class _Gather(beam.CombineFn):
    """Puts label and score of all images of a slice into one `Gathered`."""

    def __init__(self, key: metric_types.MetricKey, eval_config: config_pb2.EvalConfig | None):
        self._key = key
        self._eval_config = eval_config

    def create_accumulator(self) -> Gathered:
        return Gathered(array("b"), array("f"))

    def add_input(self, accumulator: Gathered, element: metric_types.StandardMetricInputs) -> Gathered:
        for label, score, _ in metric_util.to_label_prediction_example_weight(
            element,
            eval_config=self._eval_config,
            model_name=self._key.model_name,
            output_name=self._key.output_name,
        ):
            accumulator.labels.append(int(metric_util.safe_to_scalar(label)))
            accumulator.scores.append(metric_util.safe_to_scalar(score))
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Gathered]) -> Gathered:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            merged.labels.extend(accumulator.labels)
            merged.scores.extend(accumulator.scores)
        return merged

    def extract_output(self, accumulator: Gathered) -> dict[metric_types.MetricKey, Gathered]:
        return {self._key: accumulator}


def _number(value: float | None) -> float:
    return math.nan if value is None else value
