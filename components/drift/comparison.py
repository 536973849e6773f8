"""Served scores against those of the evaluation: what moved beyond the shares of the classes, and beyond chance."""

import dataclasses
from typing import Literal

import numpy as np
from scipy.stats import ks_2samp

from components.drift.mixture import fitted_fake_share, mixture
from components.drift.stability import (
    LARGE_SHIFT,
    SMALL_SHIFT,
    population_stability,
    quantile_edges,
    shares,
)

FEWEST = 100
"""Scores on either side below which nothing is told: in ten bins, chance alone moves the index beyond its bounds."""

SIGNIFICANCE = 0.005
"""What would come by chance more often than this is no drift; of two measures, so one false alarm in 100 at most."""

LEAST_DISTANCE = 0.1
"""A distance of the cumulative distributions below this is too small to act on, however surely it is there: at no
threshold would the share called fake differ by ten points."""

_RESAMPLES = 1000
_MOST_NUMBERS = 1_000_000  # Of an array that chance is measured with: 8 MB.
_DECIMALS = 6

MORE_FAKES = 0.1
"""A share of fakes that is surely higher than the evaluation's by this is to be looked into: traffic mostly holds
fewer, and reals that score higher look just like it."""

Advice = Literal["too few", "nothing", "check", "recalibrate", "retrain"]


@dataclasses.dataclass(frozen=True)
class Bin:
    """One bin of scores.

    Attributes:
        low, high: its scores are in [low, high); the last bin holds 1, too.
        expected: share of the images that the evaluation makes expect here.
        actual: share of the images served.
    """

    low: float
    high: float
    expected: float
    actual: float


@dataclasses.dataclass(frozen=True)
class Drift:
    """How served scores compare with those of the evaluation.

    Attributes:
        images: served scores that were compared.
        reference_images: scores of the evaluation.
        reference_fake_share: share of fakes among the latter.
        fake_share: share of fakes among the images served: stated, or fitted.
        fake_share_interval: where the fitted share would be in 95 of 100 samples of this size; None where stated.
        stability: population stability index against the evaluation's classes, mixed in that share.
        stability_p: how often chance alone gives as much.
        stability_by_chance: what chance alone exceeds in 5 of 100 samples of this size.
        distance: the Kolmogorov-Smirnov distance from the same mixture, in [0, 1].
        distance_p: how often chance alone gives as much.
        unmixed_stability: the index against the evaluation as it is: a change of the share of fakes counts as well.
        unmixed_distance, unmixed_distance_p: likewise, by `scipy.stats.ks_2samp`.
        bins: by rising score.
    """

    images: int
    reference_images: int
    reference_fake_share: float
    fake_share: float
    fake_share_interval: tuple[float, float] | None
    stability: float
    stability_p: float
    stability_by_chance: float
    distance: float
    distance_p: float
    unmixed_stability: float
    unmixed_distance: float
    unmixed_distance_p: float
    bins: tuple[Bin, ...]

    @property
    def advice(self) -> Advice:
        """What to do: nothing; recalibrate, as scores moved; look at the data and retrain, as they moved much.

        `check` asks whether there really are so many fakes.
        """
        if min(self.images, self.reference_images) < FEWEST:
            return "too few"
        if self.stability_p < SIGNIFICANCE and self.stability >= LARGE_SHIFT:
            return "retrain"
        by_stability = self.stability_p < SIGNIFICANCE and self.stability >= SMALL_SHIFT
        by_distance = self.distance_p < SIGNIFICANCE and self.distance >= LEAST_DISTANCE
        if by_stability or by_distance:
            return "recalibrate"
        least = self.fake_share_interval[0] if self.fake_share_interval else 0.0
        return "check" if least > self.reference_fake_share + MORE_FAKES else "nothing"


def compare(
    reference: np.ndarray,
    labels: np.ndarray,
    served: np.ndarray,
    *,
    bins: int = 10,
    fake_share: float | None = None,
    seed: int = 0,
) -> Drift:
    """Compares served scores with a mixture of the evaluation's two classes.

    An evaluation holds about as many fakes as reals, traffic seldom does. That alone moves the scores, and the model
    is as good as it was. So the scores are held against the evaluation's classes in the share that fits them best.
    As that share is fitted and the evaluation is itself a sample, the textbook's p-values do not hold; chance is
    measured instead, by 1,000 samples of both sizes from the evaluation, through the same fit (a bootstrap).

    What looks just like more fakes cannot be told from more fakes: state the share where it is known.

    Args:
        reference: scores of the evaluation, float `[N]` in [0, 1].
        labels: their labels, int `[N]`, 0 real, 1 fake; both must occur.
        served: scores, float `[M]` in [0, 1], at least one.
        bins: quantile bins of the reference, at least 2.
        fake_share: share of fakes among the images served, in [0, 1], where it is known; None to fit it.
        seed: of the bootstrap.

    Raises:
        ValueError: a class is missing, nothing was served, or a score is no number in [0, 1].
    """
    labels = np.asarray(labels)
    # What a kernel rounds otherwise on another machine is no drift.
    reference, served = (_checked(values).round(_DECIMALS) for values in (reference, served))
    if set(np.unique(labels).tolist()) != {0, 1} or not len(served):
        raise ValueError(
            f"Expected reference scores of both classes and at least one served score, received labels "
            f"{np.unique(labels).tolist()} and {len(served)} served scores."
        )
    edges = quantile_edges(reference, bins)
    atoms = np.unique(reference)
    counts = [_counts(reference[labels == label], atoms) for label in (0, 1)]
    # Of a row of atoms, the first of each bin but the lowest.
    starts = np.searchsorted(atoms, edges)
    actual = np.bincount(np.searchsorted(edges, served, side="right"), minlength=len(edges) + 1)
    real, fake = (_binned(one, starts) for one in counts)

    share, stability = _stability(actual, real, fake, fake_share)
    distance = _distance(served, atoms, *counts, share)
    chance = _by_chance(counts, starts, len(served), share, fake_share, seed)
    unmixed = ks_2samp(reference, served)
    limits = [0.0, *edges.tolist(), 1.0]
    return Drift(
        images=len(served),
        reference_images=len(reference),
        reference_fake_share=float(np.mean(labels)),
        fake_share=float(share),
        fake_share_interval=None
        if fake_share is not None
        else tuple(np.quantile(chance[0], (0.025, 0.975)).tolist()),
        stability=float(stability),
        stability_p=_p(chance[1], float(stability)),
        stability_by_chance=float(np.quantile(chance[1], 0.95)),
        distance=distance,
        distance_p=_p(chance[2], distance),
        unmixed_stability=float(population_stability(shares(real + fake), shares(actual))),
        unmixed_distance=float(unmixed.statistic),
        unmixed_distance_p=float(unmixed.pvalue),
        bins=tuple(
            Bin(*values)
            for values in zip(
                limits[:-1],
                limits[1:],
                mixture(share, shares(real), shares(fake)).tolist(),
                (actual / len(served)).tolist(),
                strict=True,
            )
        ),
    )


def _checked(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        raise ValueError(f"Expected scores in [0, 1], received {values[wrong][0]} ({wrong.sum()} such).")
    return values


def _counts(values: np.ndarray, atoms: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(atoms, values), minlength=len(atoms))


def _binned(counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sums of neighbouring counts: `[..., A]` to `[..., len(starts) + 1]`."""
    before = np.concatenate([np.zeros_like(counts[..., :1]), np.cumsum(counts, axis=-1)], axis=-1)
    return np.diff(before[..., np.concatenate([[0], starts, [counts.shape[-1]]])], axis=-1)


def _stability(
    actual: np.ndarray, real: np.ndarray, fake: np.ndarray, fake_share: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """The share of fakes, fitted unless it is stated, and the index against the mixture in that share.

    Takes counts `[..., B]`, gives `[...]` each.
    """
    real, fake = shares(real), shares(fake)
    stated = fake_share is not None
    share = np.full(actual.shape[:-1], fake_share) if stated else fitted_fake_share(actual, real, fake)
    return share, population_stability(mixture(share, real, fake), shares(actual))


def _distance(
    served: np.ndarray, atoms: np.ndarray, real: np.ndarray, fake: np.ndarray, share: np.ndarray
) -> float:
    """The largest distance of the cumulative distributions of served scores and of the mixture."""
    everywhere = np.union1d(atoms, served)
    expected = np.concatenate([[0.0], np.cumsum(mixture(share, real / real.sum(), fake / fake.sum()))])
    expected = expected[np.searchsorted(atoms, everywhere, side="right")]
    actual = np.searchsorted(np.sort(served), everywhere, side="right") / len(served)
    return float(np.abs(expected - actual).max())


def _by_chance(
    counts: list[np.ndarray],
    starts: np.ndarray,
    served: int,
    share: np.ndarray,
    fake_share: float | None,
    seed: int,
) -> np.ndarray:
    """Share, index and distance of samples that nothing but chance moves, float `[3, 1000]`."""
    random = np.random.default_rng(seed)
    images = [int(one.sum()) for one in counts]
    real, fake = (one / one.sum() for one in counts)
    mixed = mixture(share, real, fake)
    mixed /= mixed.sum()
    at_once = max(1, _MOST_NUMBERS // len(mixed))
    drawn = []
    for start in range(0, _RESAMPLES, at_once):
        size = min(at_once, _RESAMPLES - start)
        new_served = random.multinomial(served, mixed, size)
        new_real, new_fake = (
            random.multinomial(n, one, size) for n, one in zip(images, (real, fake), strict=True)
        )
        bins = (_binned(one, starts) for one in (new_served, new_real, new_fake))
        new_share, stability = _stability(*bins, fake_share)
        expected = mixture(new_share, new_real / images[0], new_fake / images[1])
        distance = np.abs(np.cumsum(expected - new_served / served, axis=-1)).max(axis=-1)
        drawn.append([new_share, stability, distance])
    return np.concatenate(drawn, axis=1)


def _p(by_chance: np.ndarray, value: float) -> float:
    # One more, as the sample at hand is one as well: no p-value is 0.
    return float((1 + np.count_nonzero(by_chance >= value)) / (1 + len(by_chance)))
