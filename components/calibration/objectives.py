"""Chooses a threshold for an objective, on the exact ROC curve: all thresholds that part two scores are looked at."""

import dataclasses

import numpy as np
from sklearn.metrics import roc_curve

from components.calibration.checks import check_scores
from components.calibration.cuts import cut_above, cut_below, cut_between, served
from components.errors import ObjectiveError
from components.settings.objective import Objective


@dataclasses.dataclass(frozen=True)
class OperatingPoints:
    """Every decision that a threshold in [0, 1] can make of some images, from the fewest called fake to all.

    Attributes:
        lowest_fake: float32 `[K]`, falling: the lowest score that each calls fake; infinite where it calls none so.
        false_fake, true_fake: int64 `[K]`, how many reals and how many fakes each calls fake.
        real, fake: how many there are.
    """

    lowest_fake: np.ndarray
    false_fake: np.ndarray
    true_fake: np.ndarray
    real: int
    fake: int

    def threshold(self, index: int) -> float:
        """A threshold that makes one of the decisions, in [0, 1] and exact in float32."""
        scores = self.lowest_fake
        if index == len(scores) - 1:
            return cut_below(scores[index])
        if np.isinf(scores[index]):
            return cut_above(scores[index + 1])
        return cut_between(scores[index + 1], scores[index])


def choose_threshold(scores: np.ndarray, labels: np.ndarray, objective: Objective) -> float:
    """The threshold tau for an objective; a score at or above it is called fake.

    - `best-f1`: the best F1 of fake; among equals the highest threshold, which calls the fewest images fake.
    - `fpr`: the lowest threshold, so the one with the highest recall, that calls at most this share of the reals
      fake. With 0 it lies between the highest real and the next score above, or just above it if there is none.
    - `precision`: the highest recall of fake among thresholds with at least this precision of fake; among equals the
      highest threshold, which has the fewest false alarms.
    - `cost`: the least cost, a false alarm costing so much as `value` misses, at the class shares of these images;
      among equals the highest threshold.

    tau lies halfway between the scores it parts, and `cuts.EDGE_MARGIN` beyond the lowest or highest score where it
    has all on one side. Scores that float32 does not tell apart are never parted. Where a score is 1, no threshold in
    [0, 1] calls it real; an objective that would need that is not reached.

    Args:
        scores: float `[N]` in [0, 1].
        labels: int `[N]`, 0 real, 1 fake; both must occur.
        objective: what to choose for.

    Returns:
        tau in [0, 1], exact in float32.

    Raises:
        ObjectiveError: no threshold reaches the objective; the message names the best that one does.
        ValueError: a class is missing, or a score is not a number in [0, 1].
    """
    points = operating_points(scores, labels)
    chosen = _RULES[objective.name](points, objective.value)
    return points.threshold(chosen)


def operating_points(scores: np.ndarray, labels: np.ndarray) -> OperatingPoints:
    """All there is to choose from.

    Args:
        scores: float `[N]` in [0, 1].
        labels: int `[N]`, 0 real, 1 fake; both must occur.

    Raises:
        ValueError: a class is missing, or a score is not a number in [0, 1].
    """
    labels = np.asarray(labels)
    check_scores(scores, labels)
    fpr, tpr, lowest_fake = roc_curve(labels, served(scores), pos_label=1, drop_intermediate=False)
    # The curve begins where nothing is called fake; a score of 1 leaves no threshold for that.
    first = 1 if cut_above(lowest_fake[1]) is None else 0
    real, fake = (int(np.count_nonzero(labels == label)) for label in (0, 1))
    return OperatingPoints(
        lowest_fake=lowest_fake[first:],
        false_fake=np.rint(fpr * real).astype(np.int64)[first:],
        true_fake=np.rint(tpr * fake).astype(np.int64)[first:],
        real=real,
        fake=fake,
    )


def _best_f1(points: OperatingPoints, _: None) -> int:
    # 2 TP / (2 TP + FP + FN); of equals, argmax takes the first, which calls the fewest fake.
    return int(np.argmax(2 * points.true_fake / (points.true_fake + points.false_fake + points.fake)))


def _within_fpr(points: OperatingPoints, rate: float) -> int:
    rates = points.false_fake / points.real
    if rates[0] > rate:
        raise ObjectiveError(
            f"objective fpr={rate:g}: expected a threshold with at most this false positive rate on the validation "
            f"split; the lowest that one has is {rates[0]:.4g}, as {points.false_fake[0]} of {points.real} real "
            "images have a score of 1. Ask for that, or train a model that is less sure of its errors."
        )
    return int(np.flatnonzero(rates <= rate)[-1])


def _at_precision(points: OperatingPoints, least: float) -> int:
    called = points.true_fake + points.false_fake
    # Where nothing is called fake there is no precision.
    precision = np.where(called > 0, points.true_fake / np.maximum(called, 1), -1.0)
    if precision.max() < least:
        best = int(np.argmax(precision))
        raise ObjectiveError(
            f"objective precision={least:g}: expected a threshold with at least this precision of fake on the "
            f"validation split; the highest that one has is {precision[best]:.4g}, at a recall of "
            f"{points.true_fake[best] / points.fake:.4g}. Ask for at most that, or train a better model."
        )
    return int(np.argmax(np.where(precision >= least, points.true_fake, -1)))


def _least_cost(points: OperatingPoints, misses: float) -> int:
    return int(np.argmin(misses * points.false_fake + (points.fake - points.true_fake)))


_RULES = {"best-f1": _best_f1, "fpr": _within_fpr, "precision": _at_precision, "cost": _least_cost}
