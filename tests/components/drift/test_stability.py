"""The index equals a hand calculation; bins hold equally many scores; a reservoir is a uniform sample."""

import numpy as np
import pytest
from scipy.stats import chisquare, entropy

from components.drift.mixture import fitted_fake_share, mixture
from components.drift.reservoir import Reservoir
from components.drift.stability import population_stability, quantile_edges, shares


def test_index_by_hand():
    # (0.3 - 0.2) ln 1.5 + (0.4 - 0.3) ln (4/3) + (0.3 - 0.5) ln 0.6
    expected = 0.1 * 0.4054651081 + 0.1 * 0.2876820724 + 0.2 * 0.5108256238
    found = population_stability(np.array([0.2, 0.3, 0.5]), np.array([0.3, 0.4, 0.3]))
    assert found == pytest.approx(expected, abs=1e-10)


def test_index_is_the_symmetric_divergence():
    random = np.random.default_rng(0)
    first, second = random.dirichlet(np.ones(8), (2, 5))
    divergence = entropy(first, second, axis=-1) + entropy(second, first, axis=-1)
    np.testing.assert_allclose(population_stability(first, second), divergence)
    assert population_stability(first, first) == pytest.approx(np.zeros(5))


def test_an_empty_bin_counts_as_half_an_image():
    assert shares(np.array([0, 9])).tolist() == [0.5 / 9.5, 9 / 9.5]
    assert shares(np.array([[1, 3], [2, 2]])).tolist() == [[0.25, 0.75], [0.5, 0.5]]


def test_quantile_bins_hold_as_many_scores_each_and_ties_make_fewer_bins():
    scores = np.random.default_rng(1).random(1000)
    edges = quantile_edges(scores, 10)
    assert np.bincount(np.searchsorted(edges, scores, side="right")).tolist() == [100] * 10
    assert quantile_edges(np.repeat([0.1, 0.9], 50), 10).tolist() == [0.1, 0.5, 0.9]
    assert quantile_edges(np.full(7, 0.4), 10).tolist() == [0.4]


def test_fitted_share_is_the_maximum_of_the_likelihood():
    real, fake = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.2, 0.7])
    counts = np.array([[70, 40, 30], [600, 300, 100], [1, 2, 7], [90, 5, 0]])
    found = fitted_fake_share(counts, real, fake)
    grid = np.linspace(0, 1, 100_001)
    likelihood = counts @ np.log(mixture(grid, real, fake)).T
    np.testing.assert_allclose(found, grid[likelihood.argmax(axis=1)], atol=1e-5)
    # Exactly the reals, exactly the fakes, and more real than any real.
    assert found[1:].tolist() == [0.0, 1.0, 0.0]


def test_fitted_share_of_an_exact_mixture_is_its_share():
    real, fake = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.2, 0.7])
    for share in (0.03, 0.5, 0.9):
        assert fitted_fake_share(1e6 * mixture(share, real, fake), real, fake) == pytest.approx(
            share, abs=1e-8
        )


def test_classes_that_score_alike_fit_any_share():
    assert fitted_fake_share(np.array([3, 4]), np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0.0


def test_a_reservoir_keeps_all_of_a_short_stream():
    reservoir = Reservoir(5)
    reservoir.add([3.0, 1.0])
    reservoir.add([])
    reservoir.add([2.0])
    assert (reservoir.sample().tolist(), reservoir.seen) == ([3.0, 1.0, 2.0], 3)


def test_a_reservoir_keeps_any_number_of_a_long_stream_equally_often():
    kept = np.zeros(40)
    for seed in range(3000):
        reservoir = Reservoir(10, seed)
        for start in range(0, 40, 7):
            reservoir.add(range(start, min(start + 7, 40)))
        sample = reservoir.sample().astype(int)
        assert len(set(sample.tolist())) == 10
        kept[sample] += 1
    assert chisquare(kept).pvalue > 0.001
