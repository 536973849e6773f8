import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from components.report.thresholds import MOST_THRESHOLDS, threshold_table

TAU = 0.7664717414183051


def _images(count, seed=0, decimals=None):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    scores = 1 / (1 + np.exp(-rng.normal(3 * labels - 1.5, 2.5)))
    return labels, (scores if decimals is None else scores.round(decimals)).astype(np.float32)


def _assert_counts(labels, scores, confusion):
    called = scores >= np.float32(confusion.threshold)
    expected = confusion_matrix(labels, called, labels=[0, 1]).ravel()
    assert (confusion.true_real, confusion.false_fake, confusion.false_real, confusion.true_fake) == tuple(
        expected
    )


@pytest.mark.parametrize("decimals", [None, 1])
def test_few_images_have_exact_counts_at_any_threshold(decimals):
    labels, scores = _images(300, decimals=decimals)
    table = threshold_table(labels, scores, TAU)
    assert table.exact
    for asked in [0.0, 1.0, TAU, 0.3, *np.random.default_rng(1).uniform(0, 1, 200)]:
        confusion = table.confusion(asked)
        called = scores >= np.float32(asked)
        assert confusion.true_fake == (called & (labels == 1)).sum()
        assert confusion.false_fake == (called & (labels == 0)).sum()


def test_many_images_have_few_thresholds_with_their_own_exact_counts():
    labels, scores = _images(20_000)
    table = threshold_table(labels, scores, TAU)
    assert not table.exact
    assert len(table.thresholds) <= MOST_THRESHOLDS
    assert (table.thresholds[0], table.thresholds[-1]) == (0.0, 1.0)
    assert list(table.thresholds) == sorted(set(table.thresholds))
    # At most one step of the even ones away, and tau itself is among them.
    assert np.diff(table.thresholds).max() <= 0.002 + 1e-6
    assert np.float32(table.confusion(TAU).threshold) == np.float32(TAU)
    for asked in (0.0, 0.1234, TAU, 0.99991, 1.0):
        _assert_counts(labels, scores, table.confusion(asked))
    # Where images crowd, near 0 and near 1, thresholds do as well.
    assert sum(threshold > 0.998 for threshold in table.thresholds) > 5


def test_thresholds_are_numbers_of_single_precision_in_few_digits():
    labels, scores = _images(200)
    table = threshold_table(labels, scores, TAU)
    assert {np.float32(one) for one in table.thresholds} >= set(scores)
    assert max(len(repr(one)) for one in table.thresholds) <= 14


def test_best_f1_is_that_of_all_thresholds():
    labels, scores = _images(250)
    best = threshold_table(labels, scores, TAU).best_f1()
    expected = max(f1_score(labels, scores >= one) for one in np.unique(scores))
    assert best.rates()["f1_fake"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone(label):
    scores = np.asarray([0.1, 0.5, 0.5, 1.0], np.float32)
    table = threshold_table(np.full(4, label), scores, 0.5)
    confusion = table.confusion(0.5)
    assert (confusion.real, confusion.fake) == ((4, 0), (0, 4))[label]
    assert confusion.false_fake + confusion.true_fake == 3
    assert table.confusion(1.0).false_fake + table.confusion(1.0).true_fake == 1
