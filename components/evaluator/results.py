"""Reads what the Evaluator wrote: metrics by slice, and why a model was not blessed."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow_model_analysis as tfma

from components.evaluator.config import DECISION_OUTPUT, SCORE_OUTPUT

OVERALL = "overall"
"""Name of the slice that holds the whole test split."""


@dataclasses.dataclass(frozen=True)
class Confusion:
    """Decisions at one threshold: counts of images, fake being the positive class.

    Attributes:
        threshold: in [0, 1]; None for the model's own tau.
        true_fake, false_fake, true_real, false_real: what was called so, rightly or wrongly.
    """

    threshold: float | None
    true_fake: int
    false_fake: int
    true_real: int
    false_real: int

    @property
    def real(self) -> int:
        """Real images."""
        return self.true_real + self.false_fake

    @property
    def fake(self) -> int:
        """Fake images."""
        return self.true_fake + self.false_real

    def rates(self) -> dict[str, float | None]:
        """Accuracy, precision, recall and F1 of either class, and false positive rate, each in [0, 1].

        None where undefined (0 / 0). Precision is undefined as well where a class is missing: there it could only
        be 0 or 1, whatever the model does.
        """
        both_classes = bool(self.real and self.fake)
        called_real, called_fake = self.true_real + self.false_real, self.true_fake + self.false_fake
        return {
            "accuracy": _ratio(self.true_fake + self.true_real, self.real + self.fake),
            "precision_real": _ratio(self.true_real, called_real) if both_classes else None,
            "precision_fake": _ratio(self.true_fake, called_fake) if both_classes else None,
            "recall_real": _ratio(self.true_real, self.real),
            "recall_fake": _ratio(self.true_fake, self.fake),
            "f1_real": _f1(self.true_real, self.false_real + self.false_fake) if both_classes else None,
            "f1_fake": _f1(self.true_fake, self.false_real + self.false_fake) if both_classes else None,
            "false_positive_rate": _ratio(self.false_fake, self.real),
        }


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

    Args:
        folder: of the artifact.
    """
    result = tfma.load_eval_result(str(folder))
    slices = [_slice(key, outputs) for key, outputs in result.slicing_metrics]
    return sorted(slices, key=lambda item: (item.name != OVERALL, item.name))


def read_failures(folder: Path) -> list[str]:
    """Why the model of an `evaluation` artifact was not blessed, one sentence a bound; empty when it was.

    Args:
        folder: of the artifact.
    """
    result = tfma.load_validation_result(str(folder))
    if result.validation_ok:
        return []
    reasons = []
    for one_slice in result.metric_validations_per_slice:
        for failure in one_slice.failures:
            reasons.append(_sentence(failure))
    return reasons or ["the evaluation found no image to measure"]


def _slice(key: tuple[tuple[str, Any], ...], outputs: Mapping[str, Any]) -> SliceMetrics:
    score, decision = outputs[SCORE_OUTPUT][""], outputs[DECISION_OUTPUT][""]
    at_tau = dataclasses.replace(_confusions(decision)[0], threshold=None)
    both_classes = bool(at_tau.real and at_tau.fake)
    return SliceMetrics(
        name=", ".join(f"{feature}={_text(value)}" for feature, value in key) or OVERALL,
        # TFMA gives 0 or 1 where one class is missing and there is nothing to rank.
        auc=_number(score["auc"]) if both_classes else None,
        average_precision=_number(score["auc_precision_recall"]) if both_classes else None,
        log_loss=_number(score["binary_crossentropy"]),
        at_tau=at_tau,
        at_thresholds=_confusions(score),
    )


def _confusions(metrics: Mapping[str, Any]) -> tuple[Confusion, ...]:
    matrices = metrics["confusion_matrix_at_thresholds"]["confusionMatrixAtThresholds"]["matrices"]
    # Counts of zero are left out of the JSON.
    return tuple(
        Confusion(
            threshold=matrix["threshold"],
            true_fake=round(matrix.get("truePositives", 0)),
            false_fake=round(matrix.get("falsePositives", 0)),
            true_real=round(matrix.get("trueNegatives", 0)),
            false_real=round(matrix.get("falseNegatives", 0)),
        )
        for matrix in matrices
    )


def _number(value: Mapping[str, Any]) -> float | None:
    """A metric; what is no number comes as the text "NaN"."""
    number = float(value["doubleValue"])
    return number if math.isfinite(number) else None


def _sentence(failure: Any) -> str:
    value, bound = failure.metric_value.double_value.value, failure.metric_threshold
    name = failure.metric_key.name
    if failure.metric_key.is_diff:
        allowed = bound.change_threshold.absolute.value
        return (
            f"{name}: expected a change from the latest blessed model of at least {allowed:+g}, received "
            f"{value:+.4f}"
        )
    if math.isnan(value):
        return f"{name}: expected a number, received none ({failure.message or 'not defined on this split'})"
    return f"{name}: expected at least {bound.value_threshold.lower_bound.value:g}, received {value:.4f}"


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _f1(right: int, wrong: int) -> float | None:
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
    return _ratio(2 * right, 2 * right + wrong)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
