"""The robustness table, worked out by hand."""

import numpy as np
import pyarrow as pa
import pytest

from components.measures.intervals import wilson
from components.scoring.perturbations import PERTURBATIONS
from components.scoring.robustness import attack_table, robustness_table
from components.scoring.table import COLUMNS

_REAL, _FAKE = ("r1", "r2", "r3", "r4"), ("f1", "f2", "f3", "f4")


def _rows(perturbation, severity, split="test", **scores):
    return [
        {
            "split": split,
            "sha256": name,
            "label": int(name.startswith("f")),
            "score": score,
            "perturbation": perturbation,
            "severity": severity,
        }
        for name, score in scores.items()
    ]


def _table(*parts):
    return pa.Table.from_pylist([row for part in parts for row in part], pa.schema(COLUMNS))


@pytest.fixture(scope="module")
def plain():
    """Four reals and four fakes: one real is called fake at 0.5, one fake real; 15 of 16 pairs are in order."""
    return _rows("none", 0.0, r1=0.1, r2=0.2, r3=0.3, r4=0.6, f1=0.4, f2=0.7, f3=0.8, f4=0.9)


@pytest.fixture(scope="module")
def compressed():
    """Two reals and three fakes are called fake at 0.5; of the 16 pairs 11 are in order and one is a tie."""
    return _rows("jpeg-50", 50.0, r1=0.1, r2=0.2, r3=0.55, r4=0.85, f1=0.3, f2=0.55, f3=0.8, f4=0.9)


@pytest.fixture(scope="module")
def cropped():
    """Only half of the images were large enough."""
    return _rows("crop-0.8", 0.8, r1=0.1, r4=0.7, f1=0.6, f4=0.4)


@pytest.fixture(scope="module")
def rows(plain, compressed, cropped):
    # The validation split is no part of it, nor of the first row.
    validation = _rows("none", 0.0, "val", f1=0.0, f9=0.0, r9=1.0)
    table = _table(validation, plain, compressed, cropped)
    return {row.perturbation: row for row in robustness_table(table, 0.5)}


def test_the_first_row_is_the_images_as_they_are(rows):
    row = rows["none"]
    assert list(rows) == ["none", *(one.name for one in PERTURBATIONS)]
    assert (row.images, row.auc, row.accuracy) == (8, 15 / 16, 6 / 8)
    assert (row.recall_fake, row.false_positive_rate) == (3 / 4, 1 / 4)
    assert (row.auc_change, row.accuracy_change) == (0.0, 0.0)
    assert (row.severity, row.unit) == (0.0, "")


def test_a_perturbation_is_measured_at_the_same_threshold(rows):
    row = rows["jpeg-50"]
    assert (row.kind, row.severity, row.unit) == ("JPEG compression", 50, "IJG quality")
    # Reals below f1 2, f2 2 and a tie, f3 3, f4 4.
    assert (row.images, row.auc, row.accuracy) == (8, 11.5 / 16, 5 / 8)
    assert (row.recall_fake, row.false_positive_rate) == (3 / 4, 2 / 4)
    assert row.auc_change == 11.5 / 16 - 15 / 16
    assert row.accuracy_change == 5 / 8 - 6 / 8


def test_intervals_are_wilsons_and_the_bootstraps(rows):
    intervals = rows["jpeg-50"].intervals
    assert intervals["accuracy"] == wilson(5, 8)
    assert intervals["recall_fake"] == wilson(3, 4)
    assert intervals["false_positive_rate"] == wilson(2, 4)
    low, high = intervals["auc"]
    assert 0 <= low < 11.5 / 16 < high <= 1


def test_where_images_are_left_out_the_change_is_that_of_the_others(rows):
    row = rows["crop-0.8"]
    # As they are: r1 0.1, r4 0.6, f1 0.4, f4 0.9: three pairs of four in order, two of four right.
    assert (row.images, row.auc, row.accuracy) == (4, 2 / 4, 2 / 4)
    assert row.auc_change == 2 / 4 - 3 / 4
    assert row.accuracy_change == 2 / 4 - 2 / 4


def test_a_perturbation_without_images_has_a_row_without_numbers(rows):
    row = rows["screenshot-0.85"]
    assert (row.images, row.intervals) == (0, {})
    assert {row.auc, row.accuracy, row.recall_fake, row.false_positive_rate} == {None}
    assert {row.auc_change, row.accuracy_change} == {None}


def test_one_class_alone_has_no_auc(plain):
    fakes = [row for row in plain if row["label"]]
    row = robustness_table(_table(fakes, _rows("jpeg-50", 50.0, f1=0.1, f2=0.9)), 0.5)[3]
    assert (row.perturbation, row.images) == ("jpeg-50", 2)
    assert (row.auc, row.auc_change, row.false_positive_rate) == (None, None, None)
    assert (row.accuracy, row.recall_fake) == (1 / 2, 1 / 2)
    assert set(row.intervals) == {"accuracy", "recall_fake"}


def test_a_score_at_tau_is_called_fake_as_the_model_calls_it():
    # 0.1 is no float32; the model compares with the nearest one.
    plain = _rows("none", 0.0, r1=0.0, f1=np.float32(0.1))
    first, *_ = robustness_table(_table(plain, _rows("jpeg-50", 50.0, f1=0.1)), 0.1)
    assert first.recall_fake == 1.0


def test_nothing_perturbed_gives_no_table(plain):
    assert robustness_table(_table(plain), 0.5) == []


def test_a_perturbation_of_another_version_is_named(plain):
    with pytest.raises(ValueError, match="received melt-3 in the table of scores"):
        robustness_table(_table(plain, _rows("melt-3", 3.0, r1=0.5)), 0.5)


@pytest.fixture(scope="module")
def attacked():
    """Of the images, four were attacked; at 0.5 as they are all but r4 are right, then r1 and f4 alone, then none."""
    return [
        *_rows("pgd-2", 2.0, r1=0.6, r4=0.9, f2=0.4, f4=0.1),
        *_rows("fgsm-10", 10.0, r1=0.2, r4=0.9, f2=0.4, f4=0.6),
        *_rows("fgsm-2", 2.0, r1=0.1, r4=0.7, f2=0.6, f4=0.8),
    ]


def test_attacks_are_a_table_of_their_own_against_the_very_images(plain, compressed, attacked):
    table = _table(plain, compressed, attacked)
    none, *rows = attack_table(table, 0.5)
    # r1 0.1, r4 0.6, f2 0.7, f4 0.9.
    assert (none.perturbation, none.images, none.accuracy) == ("none", 4, 3 / 4)
    assert [(row.perturbation, row.kind, row.severity) for row in rows] == [
        ("fgsm-2", "FGSM", 2.0),
        ("fgsm-10", "FGSM", 10.0),
        ("pgd-2", "PGD", 2.0),
    ]
    assert [row.images for row in rows] == [4, 4, 4]
    assert [row.accuracy for row in rows] == [3 / 4, 2 / 4, 0.0]
    assert [row.accuracy_change for row in rows] == [0.0, -1 / 4, -3 / 4]
    assert [row.recall_fake for row in rows] == [1.0, 1 / 2, 0.0]
    assert [row.false_positive_rate for row in rows] == [1 / 2, 1 / 2, 1.0]
    assert rows[2].intervals["accuracy"] == wilson(0, 4)
    # The other table is as it is without them.
    assert robustness_table(table, 0.5) == robustness_table(_table(plain, compressed), 0.5)


def test_attacks_alone_are_no_perturbations_and_the_other_way_round(plain, compressed, attacked):
    assert robustness_table(_table(plain, attacked), 0.5) == []
    assert attack_table(_table(plain, compressed), 0.5) == []
    assert attack_table(_table(plain).slice(0, 0), 0.5) == []
