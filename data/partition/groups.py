"""Which images must stay together."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from data.partition.neighbours import neighbour_pairs


@dataclass(frozen=True)
class Grouped:
    """Groups of images.

    Attributes:
        names: of each image's group: the first 16 digits of the group's least digest, so that it depends neither on
            paths nor on the order of the images.
        near_copies: int64 array [pairs, 2] of positions of images with near hashes and unequal bytes.
    """

    names: list[str]
    near_copies: np.ndarray


def group_images(
    sha256: Sequence[str],
    hashes: np.ndarray,
    crops: np.ndarray,
    joints: Sequence[Sequence[Hashable | None]],
    radius: int,
    first: int = 0,
) -> Grouped:
    """Finds the groups of images.

    Two images are joined if they have the same bytes, if they hold the same value in one of the joints, or if their
    perceptual hashes are neighbours. A group is whatever this connects, directly or through others.

    Args:
        sha256: hexadecimal digest of each image's bytes.
        hashes: uint8 array [n, 32]; perceptual hashes, see :func:`data.images.perceptual_hash.packed_hashes`.
        crops: uint8 array [n, c, 32]; perceptual hashes of crops.
        joints: lists of what is known of each image, such as the photo it was cut from; None where nothing is.
        radius: largest Hamming distance of neighbours, in bits.
        first: position of the first image that is new: neighbours before it are not looked for.
    """
    near = neighbour_pairs(hashes, crops, radius, first)
    pairs = np.concatenate([near, *map(_chain_equal, [sha256, *joints])])
    graph = coo_matrix((np.ones(len(pairs), dtype=np.int8), pairs.T), shape=(len(sha256), len(sha256)))
    _, component = connected_components(graph, directed=False)
    least: dict[int, str] = {}
    for number, digest in zip(component, sha256, strict=True):
        least[number] = min(digest, least.get(number, digest))
    digests = np.array(sha256)
    unequal = digests[near[:, 0]] != digests[near[:, 1]]
    return Grouped([least[number][:16] for number in component], near[unequal])


def _chain_equal(values: Sequence[Hashable | None]) -> np.ndarray:
    """Pairs each position with the last one before it that holds the same value; None equals nothing."""
    last: dict[Hashable, int] = {}
    pairs = []
    for position, value in enumerate(values):
        if value is None:
            continue
        if value in last:
            pairs.append((last[value], position))
        last[value] = position
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
