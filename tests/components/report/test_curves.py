import numpy as np
import pytest
from sklearn.metrics import auc, roc_auc_score

from components.report.curves import (
    MOST_POINTS,
    precision_at,
    precision_points,
    recall_at,
    roc_points,
    thinned,
)


def test_thinned_keeps_the_ends_and_the_area(made_up_scores):
    labels, scores = made_up_scores(20_000, 0)
    points = roc_points(labels, scores)
    few = thinned(points)
    assert len(points) > MOST_POINTS == len(few)
    assert few[0].tolist() == [0, 0]
    assert few[-1].tolist() == [1, 1]
    assert auc(*few.T) == pytest.approx(roc_auc_score(labels, scores), abs=1e-4)


def test_few_points_are_all_kept(made_up_scores):
    points = precision_points(*made_up_scores(160, 0))
    assert thinned(points) is points


def test_points_looked_up_by_hand():
    labels, scores = np.asarray([1, 1, 0, 1, 0]), np.asarray([0.9, 0.8, 0.7, 0.6, 0.1])
    roc, precision = roc_points(labels, scores), precision_points(labels, scores)
    assert recall_at(roc, 0.0) == pytest.approx(2 / 3)
    assert recall_at(roc, 0.5) == 1
    assert precision_at(precision, 0.5) == 1
    assert precision_at(precision, 0.9) == pytest.approx(3 / 4)
