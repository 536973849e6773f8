"""What an epoch of a stage is made of: every original once, and so many synthetic images of each maker.

A synthetic image is used again only when all of its maker's have been used. Which ones an epoch draws follows from
the seed of the stage and the number of the epoch alone (see `components.trainer.epoch_order`).
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from components.trainer.epoch_order import stage_seed
from data.errors import BadInputError

_DRAW = 3


class Part(NamedTuple):
    """What an epoch has of one maker.

    Attributes:
        maker: its name.
        positions: int64 `[M]`, of all of its images among those of the mixture.
        count: how many of them an epoch draws; more than M where some come several times.
    """

    maker: str
    positions: np.ndarray
    count: int

    def drawn(self, seed: int, epoch: tf.Tensor) -> tf.Tensor:
        """Positions of what an epoch draws, int64 `[count]`.

        All epochs together go through one permutation of the maker's images after another, without a gap.

        Args:
            seed: of the stage.
            epoch: int64 scalar, from 0.
        """
        images = len(self.positions)
        first = epoch * self.count
        # An epoch begins somewhere within a permutation, and may go on through several more.
        permutations = first // images + tf.range(-(-(images - 1 + self.count) // images), dtype=tf.int64)
        own = tf.constant(stage_seed(seed, f"synthetic/{self.maker}"), tf.int64)
        positions = tf.constant(self.positions)

        def permuted(number: tf.Tensor) -> tf.Tensor:
            drawn = tf.random.fold_in(tf.stack([own, number]), _DRAW)
            return tf.random.experimental.stateless_shuffle(positions, tf.cast(drawn, tf.int32))

        shuffled = tf.reshape(tf.map_fn(permuted, permutations), [-1])
        return shuffled[first % images :][: self.count]


@dataclasses.dataclass(frozen=True)
class Mixture:
    """What an epoch is made of; its images are known by their positions.

    Attributes:
        originals: int64 `[N]`, positions of the images that are no synthetic ones.
        parts: one a maker.
    """

    originals: np.ndarray
    parts: tuple[Part, ...] = ()

    @property
    def size(self) -> int:
        """Images an epoch."""
        return len(self.originals) + self.synthetic

    @property
    def synthetic(self) -> int:
        """Those of them that are synthetic."""
        return sum(part.count for part in self.parts)

    def epoch(self, seed: int, epoch: tf.Tensor) -> tf.Tensor:
        """Positions of the images of an epoch, in no order to train in: int64 `[size]`.

        Args:
            seed: of the stage.
            epoch: int64 scalar, from 0.
        """
        return tf.concat([tf.constant(self.originals), self.drawn(seed, epoch)], axis=0)

    def drawn(self, seed: int, epoch: tf.Tensor) -> tf.Tensor:
        """Positions of the synthetic images of an epoch, int64 `[synthetic]`; arguments as those of `epoch`."""
        nothing = tf.zeros([0], tf.int64)
        return tf.concat([nothing, *(part.drawn(seed, epoch) for part in self.parts)], axis=0)

    def class_counts(self, labels: np.ndarray) -> np.ndarray:
        """Real and fake images of an epoch, float64 `[2]`: of what is drawn, in the mean of many epochs.

        Args:
            labels: int `[n]` by position, 0 real, 1 fake.
        """
        counts = np.bincount(labels[self.originals], minlength=2).astype(np.float64)
        for part in self.parts:
            counts += np.bincount(labels[part.positions], minlength=2) * part.count / len(part.positions)
        return counts

    def __str__(self) -> str:
        return " and ".join(
            (
                f"{len(self.originals):,} originals",
                *([", ".join(f"{part.count:,} {part.maker}" for part in self.parts)] if self.parts else []),
            )
        )


def mixture_of(makers: np.ndarray, shares: Mapping[str, float]) -> Mixture:
    """The mixture in which synthetic images have these shares of an epoch, to the nearest image.

    Its positions count originals and the images of these makers, and leave out all others.

    Args:
        makers: text `[n]`: who made each image of a split, "" for originals.
        shares: of an epoch's images, in (0, 1) and together below 1, by maker.

    Raises:
        BadInputError: there is no image of a maker.
    """
    held = Counter(makers.tolist())
    if missing := [maker for maker in shares if maker not in held]:
        found = ", ".join(f"{maker} ({count:,})" for maker, count in sorted(held.items()) if maker)
        raise BadInputError(
            f"Expected images of maker {' and '.join(missing)} in the training split, as training.stages asks for, "
            f"found {found or 'no synthetic image'}; make some with `deepfake-inspector data synthesize --maker "
            f"{missing[0]}` and import them as the next span, or take the maker out of training.stages."
        )
    kept = makers[chosen_from(makers, shares)]
    originals, rest = np.flatnonzero(kept == ""), 1.0 - math.fsum(shares.values())
    return Mixture(
        originals,
        tuple(
            Part(maker, np.flatnonzero(kept == maker), round(share / rest * len(originals)))
            # A resumed training must draw the same, in whatever order the shares are written down.
            for maker, share in sorted(shares.items())
        ),
    )


def chosen_from(makers: np.ndarray, shares: Mapping[str, float]) -> np.ndarray:
    """Which images a mixture has: bool `[n]`; arguments as those of `mixture_of`."""
    return np.isin(makers, ["", *shares])
