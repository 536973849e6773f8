"""Progressive subsets: which groups of images belong to Mini, Middle, Big and Full.

Each holds the one before it, has its exact number of images of each class, and never splits a group. Within that,
splits, sources and groups of every size keep the shares they have in the whole, as nearly as possible.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from data.errors import BadInputError
from data.example import FAKE, REAL
from data.partition.subset_sizes import SUBSETS, Subset


@dataclass(frozen=True)
class Group:
    """A group of images that come together or not at all: its name, what it is (split and source), and its counts."""

    name: str
    stratum: tuple[str, str]
    real: int
    fake: int


@dataclass(frozen=True)
class Chosen:
    """A subset: the names of its groups, and the last span it draws on; up to that, groups are whole."""

    groups: frozenset[str]
    span: int


class TooFewImagesError(BadInputError):
    """A subset cannot be had.

    Attributes:
        subset: which.
        real, fake: images there are.
    """

    def __init__(self, message: str, subset: Subset, real: int, fake: int):
        super().__init__(message)
        self.subset, self.real, self.fake = subset, real, fake


def choose_subset(
    subset: str | Sequence[Subset],
    groups: Sequence[str],
    labels: Sequence[int],
    splits: Sequence[str],
    sources: Sequence[str],
    spans: Sequence[int],
    seed: int = 0,
    synthetic: Sequence[bool] = (),
) -> Chosen:
    """Chooses the groups of a subset; one item an image in each argument but the first and the seed.

    A subset draws on the first spans that suffice, so that it stays what it is when another span arrives.

    Args:
        subset: a name out of :data:`SUBSETS`; or sizes of one's own, of which the last is chosen and each holds those
            before it.
        groups: name of the group.
        labels: 0 (real) or 1 (fake).
        splits: name of the split.
        sources: name of the data set.
        spans: number of the delivery, from 1.
        seed: draws other groups.
        synthetic: whether the image was made of another; such images count for no size. Empty where none was.

    Raises:
        BadInputError: there is no subset of that name.
        TooFewImagesError: there are too few images, for it or for one before it; says how large that could be.
    """
    wanted = _named(subset) if isinstance(subset, str) else subset
    last = max(spans)
    if wanted[-1].size is None:
        return Chosen(frozenset(groups), last)
    columns = [
        [value for value, made in zip(column, synthetic, strict=True) if not made] if synthetic else column
        for column in (groups, labels, splits, sources, spans)
    ]
    chosen = Chosen(frozenset(), 1)
    for one in wanted:
        for span in range(chosen.span, last + 1):
            known = _collect(*columns, span)
            picked = _pick(known, *one.counts(one.size), chosen.groups, seed)
            if picked is not None:
                chosen = Chosen(picked, span)
                break
        else:
            raise _too_few(one, known, seed)
    return chosen


def _named(name: str) -> tuple[Subset, ...]:
    """A subset and, before it, those that it holds."""
    names = [subset.name for subset in SUBSETS]
    if name not in names:
        raise BadInputError(f"Expected a subset out of {', '.join(names)}, received '{name}'.")
    return SUBSETS[: names.index(name) + 1]


def _collect(groups, labels, splits, sources, spans, last: int) -> list[Group]:
    """The groups of the images up to a span, in the order of their names."""
    counts, origin, split_of = defaultdict(lambda: [0, 0]), defaultdict(set), {}
    for group, label, split, source, span in zip(groups, labels, splits, sources, spans, strict=True):
        if span <= last:
            counts[group][label] += 1
            origin[group].add(source)
            # A group that official splits tear apart counts for one of them.
            split_of[group] = min(split, split_of.get(group, split))
    return [
        Group(name, (split_of[name], "+".join(sorted(origin[name]))), counts[name][REAL], counts[name][FAKE])
        for name in sorted(counts)
    ]


def _pick(
    known: Sequence[Group], real: int, fake: int, held: frozenset[str], seed: int
) -> frozenset[str] | None:
    """Adds groups to those held until there are so many reals and fakes; None where no choice comes to that.

    How many groups of each kind (stratum, reals, fakes) is a small integer program; which ones of a kind is drawn.
    """
    kinds, held_kinds = defaultdict(list), Counter()
    for group in known:
        kind = (group.stratum, group.real, group.fake)
        kinds[kind].append(group.name)
        held_kinds[kind] += group.name in held
    least = [held_kinds[kind] for kind in kinds]
    numbers = _solve(list(kinds), least, [len(names) for names in kinds.values()], real, fake)
    if numbers is None:
        return None
    picked = set()
    for names, number in zip(kinds.values(), numbers, strict=True):
        picked.update(sorted(names, key=lambda name: (name not in held, _draw(seed, name)))[:number])
    return frozenset(picked)


def _solve(
    kinds: Sequence[tuple], least: Sequence[int], most: Sequence[int], real: int, fake: int
) -> list[int] | None:
    """Numbers of groups of each kind: the exact counts, and the least deviation from the shares of the whole."""
    strata = sorted({stratum for stratum, _, _ in kinds})
    images = np.array([(reals, fakes) for _, reals, fakes in kinds]).T  # [classes, kinds]
    of_stratum = np.array([[stratum == own for own, _, _ in kinds] for stratum in strata])
    by_stratum = np.concatenate([of_stratum * images[label] for label in (REAL, FAKE)])
    wanted = (real, fake)
    shares = np.array([wanted[label] / max(1, images[label] @ most) for label in (REAL, FAKE)])
    goals = np.concatenate(
        [
            (by_stratum @ most) * np.repeat(shares, len(strata)),
            # A group of both classes is wanted as much as its images are on average.
            np.array(most) * (shares @ images) / images.sum(axis=0),
        ]
    )
    counted = np.concatenate([by_stratum, np.eye(len(kinds))])
    deviations = np.eye(len(goals))
    weights = np.concatenate([np.ones(len(by_stratum)), 0.1 * images.sum(axis=0)])
    solution = milp(
        c=np.concatenate([np.zeros(len(kinds)), weights, weights]),
        constraints=[
            LinearConstraint(np.hstack([images, np.zeros((2, 2 * len(goals)))]), wanted, wanted),
            LinearConstraint(np.hstack([counted, -deviations, deviations]), goals, goals),
        ],
        integrality=np.repeat([1, 0], [len(kinds), 2 * len(goals)]),
        bounds=Bounds(
            np.concatenate([least, np.zeros(2 * len(goals))]),
            np.concatenate([most, np.full(2 * len(goals), np.inf)]),
        ),
        # A limit of nodes and not of time: the choice must not depend on how busy the machine is.
        options={"mip_rel_gap": 0.01, "node_limit": 20_000},
    )
    return None if solution.x is None else [round(number) for number in solution.x[: len(kinds)]]


def _sizes_that_could_be(subset: Subset, real: int, fake: int) -> Iterator[int]:
    for size in range(min(subset.size - 1, real + fake), 0, -1):
        wanted_real, wanted_fake = subset.counts(size)
        if wanted_real <= real and wanted_fake <= fake:
            yield size


def _too_few(subset: Subset, known: Sequence[Group], seed: int) -> TooFewImagesError:
    real, fake = (sum(getattr(group, label) for group in known) for label in ("real", "fake"))
    wanted_real, wanted_fake = subset.counts(subset.size)
    largest = next(
        (
            size
            for size in islice(_sizes_that_could_be(subset, real, fake), 100)
            if _pick(known, *subset.counts(size), frozenset(), seed) is not None
        ),
        0,
    )
    message = (
        f"Expected {wanted_real} real and {wanted_fake} fake images for the subset '{subset.name}', received {real} "
        f"and {fake} in {len(known)} groups, which are never split. With {subset.real_share:.0%} real ones, "
        f"{largest} images are the most there can be. Import more images, or choose a smaller subset, or 'full'."
    )
    return TooFewImagesError(message, subset, real, fake)


def _draw(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
