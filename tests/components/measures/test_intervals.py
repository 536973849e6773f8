"""Confidence intervals against SciPy, published figures, and repeated sampling."""

import functools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from components.measures.intervals import bootstrap, wilson
from components.measures.probability import brier, log_loss
from components.measures.ranking import recall_at_fpr, roc_auc


def normal_scores(images: int, seed: int, apart: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % 2
    return labels, stats.norm.cdf(rng.normal(apart * labels)).astype(np.float32)


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_that_of_the_formula(one, other, confidence):
    successes, trials = min(one, other), max(one, other)
    found = wilson(successes, trials, confidence)
    if not trials:
        assert found is None
        return
    z, share = stats.norm.ppf((1 + confidence) / 2), successes / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    assert found == pytest.approx((middle - half, middle + half), abs=1e-9)
    assert 0 <= found[0] <= share <= found[1] <= 1


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_published_figures(successes, trials, low, high):
    # R. G. Newcombe, Statistics in Medicine 1998, table I, method 3.
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("successes", "trials", "confidence"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 0, 0.95), (1, 2, 95)]
)
def test_what_is_no_proportion_is_an_error(successes, trials, confidence):
    with pytest.raises(
        ValueError, match=f"received {successes} successes in {trials} trials and {confidence}"
    ):
        wilson(successes, trials, confidence)


@pytest.mark.parametrize(("measure", "confidence"), [(roc_auc, 0.95), (brier, 0.95), (roc_auc, 0.5)])
def test_bootstrap_is_that_of_scipy(measure, confidence):
    labels, scores = normal_scores(400, seed=1)
    low, high = bootstrap(labels, scores, measure, resamples=4000, confidence=confidence)
    # SciPy resamples samples one by one: fakes and reals are two of them, as in ours.
    expected = stats.bootstrap(
        (scores[labels == 0], scores[labels == 1]),
        lambda real, fake: measure(np.repeat([0, 1], [len(real), len(fake)]), np.concatenate([real, fake])),
        n_resamples=4000,
        confidence_level=confidence,
        method="percentile",
        vectorized=False,
        random_state=2,
    ).confidence_interval
    # Either is drawn by chance; a tenth of the width lies well beyond what 4,000 draws leave open.
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.1 * (high - low))


def test_most_intervals_hold_the_truth():
    truth = stats.norm.cdf(1 / np.sqrt(2))
    sets = [normal_scores(200, seed) for seed in range(200)]
    intervals = [bootstrap(labels, scores, roc_auc, resamples=200) for labels, scores in sets]
    held = np.mean([low <= truth <= high for low, high in intervals])
    assert 0.9 <= held <= 0.99


def test_the_seed_decides():
    labels, scores = normal_scores(100, seed=3)
    assert bootstrap(labels, scores, roc_auc) == bootstrap(labels, scores, roc_auc)
    assert bootstrap(labels, scores, roc_auc) != bootstrap(labels, scores, roc_auc, seed=1)


def test_the_order_of_the_images_decides_nothing():
    labels, scores = normal_scores(100, seed=3)
    scores = scores.round(1)
    shuffled = np.random.default_rng(0).permutation(100)
    low, high = bootstrap(labels, scores, roc_auc)
    assert bootstrap(labels[shuffled], scores[shuffled], roc_auc) == (low, high)
    assert low < roc_auc_score(labels, scores) < high


def test_classes_are_resampled_by_themselves():
    # Two fakes among a hundred would often be none.
    labels, scores = np.repeat([0, 1], [98, 2]), np.linspace(0, 1, 100)
    assert bootstrap(labels, scores, roc_auc) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("labels", "scores", "measure"),
    [
        ([1, 1], [0.1, 0.2], roc_auc),
        ([1, 0], [0.1, 0.2], brier),
        ([1], [0.1], brier),
        ([], [], brier),
        ([1, 1, 0, 0], [0.0, 0.2, 0.1, 0.1], log_loss),
        ([0, 0], [0.1, 0.2], functools.partial(recall_at_fpr, rate=0.01)),
    ],
)
def test_no_interval_where_nothing_is_measured_or_nothing_can_be_drawn(labels, scores, measure):
    assert bootstrap(np.array(labels, int), np.array(scores), measure) is None


def test_one_class_alone_has_an_interval_where_it_has_a_measure():
    low, high = bootstrap(np.ones(50, int), np.linspace(0, 1, 50), brier)
    assert low < brier(np.ones(50, int), np.linspace(0, 1, 50)) < high


def test_a_thousand_resamples_of_ten_thousand_scores_take_seconds():
    labels, scores = normal_scores(10_000, seed=0)
    start = time.process_time()
    bootstrap(labels, scores, roc_auc)
    assert time.process_time() - start < 5
