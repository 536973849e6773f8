"""Which images must stay together."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from data.neighbours import neighbour_graph
from data.perceptual_hash import DEFAULT_RADIUS, hash_bits


def group_images(
    sha256: Sequence[str],
    perceptual_hashes: Sequence[str],
    known_groups: Sequence[str | None],
    radius: int = DEFAULT_RADIUS,
) -> list[str]:
    """Names the group of each image.

    Two images are joined if they have the same bytes, if the source says they come from one photo or video,
    or, where the source knows neither's origin, if their perceptual hashes are neighbours. A group is
    whatever these joints connect, directly or through others.

    Args:
        sha256: hexadecimal digest of each image's bytes.
        perceptual_hashes: :func:`data.perceptual_hash.perceptual_hash` of each image.
        known_groups: the source's own group of each image, None where it has none.
        radius: largest Hamming distance of neighbours, in bits.

    Returns:
        A name for each image, equal within a group: the first 16 digits of the group's least digest, so that
        it depends neither on paths nor on the order of the images.
    """
    count = len(sha256)
    pairs = [*_chain_equal(sha256), *_chain_equal(known_groups)]
    unknown = np.array([i for i, group in enumerate(known_groups) if group is None], dtype=np.int64)
    if len(unknown):
        near = neighbour_graph(hash_bits([perceptual_hashes[i] for i in unknown]), radius).tocoo()
        pairs.extend(zip(unknown[near.row], unknown[near.col], strict=True))
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    least: dict[int, str] = {}
    for number, digest in zip(component, sha256, strict=True):
        least[number] = min(digest, least.get(number, digest))
    return [least[number][:16] for number in component]


def _chain_equal(values: Sequence[str | None]) -> list[tuple[int, int]]:
    """Pairs each position with the last one before it that holds the same value; None equals nothing."""
    last: dict[str, int] = {}
    pairs = []
    for position, value in enumerate(values):
        if value is None:
            continue
        if value in last:
            pairs.append((last[value], position))
        last[value] = position
    return pairs
