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
        has_near_copy: bool array [h]; whether there is an image with a near hash and unequal bytes.
    """

    names: list[str]
    has_near_copy: np.ndarray


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
        hashes: uint8 array [h, 32]; perceptual hashes, see :func:`data.images.perceptual_hash.packed_hashes`, of the
            first h images. Nothing is a neighbour of the others.
        crops: uint8 array [h, c, 32]; perceptual hashes of crops.
        joints: lists of what is known of each image, such as the photo it was cut from; None where nothing is.
        radius: largest Hamming distance of neighbours, in bits.
        first: position of the first image that is new: neighbours before it are not looked for.
    """
    # Equal hashes are joined, and then searched for once: a video of one scene has thousands.
    hashed, different = np.unique(hashes, axis=0, return_inverse=True, return_index=True)[1:]
    different = different.reshape(-1)
    new_ones = np.unique(different[first:])
    order = np.concatenate([np.setdiff1d(np.arange(len(hashed)), new_ones), new_ones])
    rows = hashed[order]
    digests = np.array(sha256[: len(hashes)])
    edges = np.concatenate([*map(_chain_equal, [sha256, different.tolist(), *joints])])
    has_near_copy = _equal_hashes_unequal_bytes(different, digests)
    for near in neighbour_pairs(hashes[rows], crops[rows], radius, len(rows) - len(new_ones)):
        pairs = rows[near]
        has_near_copy[np.unique(pairs)] = True
        edges = np.concatenate([edges, pairs])
        if len(edges) > 4 * len(sha256):
            edges = _spanning(edges, len(sha256))
    # What holds of one image holds of all with its hash.
    has_near_copy = np.bincount(different, has_near_copy, len(hashed))[different] > 0
    _, component = connected_components(_graph(edges, len(sha256)), directed=False)
    least: dict[int, str] = {}
    for number, digest in zip(component, sha256, strict=True):
        least[number] = min(digest, least.get(number, digest))
    return Grouped([least[number][:16] for number in component], has_near_copy)


def _equal_hashes_unequal_bytes(hashes: np.ndarray, digests: np.ndarray) -> np.ndarray:
    kinds = np.unique(np.stack([hashes, np.unique(digests, return_inverse=True)[1]]), axis=1)
    return (np.bincount(kinds[0], minlength=hashes.max(initial=0) + 1) > 1)[hashes]


def _graph(edges: np.ndarray, count: int) -> coo_matrix:
    return coo_matrix((np.ones(len(edges), dtype=np.int8), edges.T), shape=(count, count))


def _spanning(edges: np.ndarray, count: int) -> np.ndarray:
    """Fewer edges that connect the same: each image and the first of its component."""
    _, component = connected_components(_graph(edges, count), directed=False)
    firsts = np.unique(component, return_index=True)[1]
    return np.stack([firsts[component], np.arange(count)], axis=1)


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
