"""Reads the metrics by slice that the Evaluator wrote."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow_model_analysis as tfma

from components.evaluator.config import DECISION_OUTPUT, SCORE_OUTPUT
from components.evaluator.metrics import HIGH, LOW, MEASURES
from components.evaluator.slices import slice_name
from components.measures.confusion import Confusion

OVERALL = "overall"
"""Name of the slice that holds the whole test split."""


@dataclasses.dataclass(frozen=True)
class SliceMetrics:
    """What was measured on one slice of the test split.

    Attributes:
        name: `overall`, or feature and value such as `method=stylegan`.
        auc: area under the ROC curve, in [0, 1]; None when the slice has one class only.
        average_precision: area under the precision-recall curve of fake; None likewise.
        log_loss: binary cross-entropy of the score, in nats; None when an image of the other class has a score of
            exactly 0 or 1.
        brier: mean squared difference of score and label, in [0, 1].
        expected_calibration_error: mean distance of score and share of fakes over 15 bins of equal width, in [0, 1].
        equal_error_rate: where false positive and false negative rate are equal, in [0, 1]; None for one class only.
        recall_at_fpr_1_percent: the highest recall of fake with a false positive rate of at most 0.01; None likewise.
        recall_at_fpr_01_percent: likewise, of at most 0.001.
        intervals: 95 % confidence interval (low, high) by name, of the measures above (bootstrap) and of the rates at
            tau (Wilson); a measure that has none is left out.
        at_tau: decisions of the model itself.
        at_thresholds: decisions over the grid, by rising threshold.
    """

    name: str
    auc: float | None
    average_precision: float | None
    log_loss: float | None
    at_tau: Confusion
    at_thresholds: tuple[Confusion, ...]
    brier: float | None = None
    expected_calibration_error: float | None = None
    equal_error_rate: float | None = None
    recall_at_fpr_1_percent: float | None = None
    recall_at_fpr_01_percent: float | None = None
    intervals: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """All of it, with the rates worked out, ready for JSON."""
        content = dataclasses.asdict(self)
        content["at_tau"] |= self.at_tau.rates()
        content["at_thresholds"] = [dataclasses.asdict(one) | one.rates() for one in self.at_thresholds]
        return content


def read_metrics(folder: Path) -> list[SliceMetrics]:
    """Reads an `evaluation` artifact; the slice `overall` comes first, then by name.

    A span that is the only one is left out: it is the whole once more.

    Args:
        folder: of the artifact.
    """
    result = tfma.load_eval_result(str(folder))
    slices = {key: _slice(key, outputs) for key, outputs in result.slicing_metrics}
    spans = [key for key in slices if "span" in dict(key)]
    if len(spans) == 1:
        del slices[spans[0]]
    return sorted(slices.values(), key=lambda item: (item.name != OVERALL, item.name))


def _slice(key: tuple[tuple[str, Any], ...], outputs: Mapping[str, Any]) -> SliceMetrics:
    score, decision = outputs[SCORE_OUTPUT][""], outputs[DECISION_OUTPUT][""]
    [at_tau] = _confusions(decision)
    at_tau = dataclasses.replace(at_tau, threshold=None)
    ends = {name: (_number(score[name + LOW]), _number(score[name + HIGH])) for name in MEASURES}
    return SliceMetrics(
        name=", ".join(slice_name(feature, _text(value)) for feature, value in key) or OVERALL,
        **{name: _number(score[name]) for name in MEASURES},
        intervals={name: found for name, found in ends.items() if None not in found} | at_tau.intervals(),
        at_tau=at_tau,
        at_thresholds=_confusions(score),
    )


def _confusions(metrics: Mapping[str, Any]) -> tuple[Confusion, ...]:
    matrices = metrics["confusion_matrix_at_thresholds"]["confusionMatrixAtThresholds"]["matrices"]
    # Counts of zero are left out of the JSON. TFMA rounds thresholds to six digits, one that was put just below zero
    # to minus zero, which adding zero makes plain.
    return tuple(
        Confusion(
            threshold=matrix.get("threshold", 0.0) + 0.0,
            true_fake=round(matrix.get("truePositives", 0)),
            false_fake=round(matrix.get("falsePositives", 0)),
            true_real=round(matrix.get("trueNegatives", 0)),
            false_real=round(matrix.get("falseNegatives", 0)),
        )
        for matrix in matrices
    )


def _number(value: Mapping[str, Any]) -> float | None:
    """A metric; what is no number comes as the text "NaN"."""
    number = float(value.get("doubleValue", 0.0))
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
