"""The phase table: after each stage, how the detector does on validation and on test, side by side.

The test split is only *reported* here. No choice is made on it: early stopping, the learning rate, temperature and
threshold look at validation alone.
"""

import dataclasses

import numpy as np
from sklearn.metrics import accuracy_score, precision_recall_fscore_support, roc_auc_score

from components.calibration import Calibration
from components.trainer.stages import StageResult


@dataclasses.dataclass(frozen=True)
class SplitMetrics:
    """Metrics of one split at one threshold, each in [0, 1] but the support; `real` and `fake` name the class."""

    split: str
    support: int
    auc: float
    accuracy: float
    precision_real: float
    precision_fake: float
    recall_real: float
    recall_fake: float


@dataclasses.dataclass(frozen=True)
class PhaseRow:
    """One stage: how it trained, the threshold that validation gave it, and its metrics on both splits."""

    stage: StageResult
    calibration: Calibration
    metrics: tuple[SplitMetrics, ...]


def split_metrics(
    split: str, logits: np.ndarray, labels: np.ndarray, calibration: Calibration
) -> SplitMetrics:
    """Scores one split.

    Args:
        split: its name.
        logits: float `[N]`.
        labels: int `[N]`, 0 real, 1 fake. AUC is NaN when a class is missing.
        calibration: gives the scores and the threshold.
    """
    scores = calibration.scores(logits)
    predicted = (scores >= calibration.threshold).astype(int)
    precision, recall, _, _ = precision_recall_fscore_support(
        labels, predicted, labels=[0, 1], zero_division=0.0
    )
    return SplitMetrics(
        split=split,
        support=len(labels),
        auc=float(roc_auc_score(labels, scores)) if len(np.unique(labels)) == 2 else float("nan"),
        accuracy=float(accuracy_score(labels, predicted)),
        precision_real=float(precision[0]),
        precision_fake=float(precision[1]),
        recall_real=float(recall[0]),
        recall_fake=float(recall[1]),
    )
