"""Finding all pairs of near hashes.

Exact, by multi-index hashing (Norouzi, Punjani and Fleet, "Fast Exact Search in Hamming Space with Multi-Index
Hashing", TPAMI 2014): the hash is cut into 14 words of 18 bits, each in a table of its own. Two hashes that differ in
at most 27 bits differ in at most one bit of some word, so looking up each word as it is, and with each of its bits
turned, misses nothing. A look-up hardly depends on how many hashes there are, where comparing all pairs grows with
their square (``benchmarks/near_duplicates.py`` has the figures).
"""

import faiss
import numpy as np

_WORDS = 14


def neighbour_pairs(hashes: np.ndarray, crops: np.ndarray, radius: int, first: int = 0) -> np.ndarray:
    """Returns which images have near hashes: their own, or one's crop and the other.

    Args:
        hashes: uint8 array [n, b / 8], packed bits.
        crops: uint8 array [n, c, b / 8]; hashes of c crops of each image.
        radius: largest Hamming distance of a pair, in bits, 0 to b.
        first: only pairs with an image at this position or later are wanted.

    Returns:
        int64 array [pairs, 2] of positions, the smaller one first, each pair once, in ascending order.
    """
    count, width = hashes.shape
    if not count:
        return np.zeros((0, 2), np.int64)
    index = faiss.IndexBinaryMultiHash(width * 8, _WORDS, width * 8 // _WORDS)
    index.nflip = radius // _WORDS
    index.add(np.ascontiguousarray(hashes))
    own = _search(index, hashes[first:], radius)
    own[:, 0] += first
    cropped = (_search(index, crops[:, number], radius) for number in range(crops.shape[1]))
    pairs = np.sort(np.concatenate([own, *cropped]), axis=1)
    return np.unique(pairs[(pairs[:, 0] < pairs[:, 1]) & (pairs[:, 1] >= first)], axis=0)


def _search(index: faiss.IndexBinary, asked: np.ndarray, radius: int) -> np.ndarray:
    """int64 array [pairs, 2]: position among what is asked, and in the index."""
    # FAISS means "nearer than".
    limits, _, found = index.range_search(np.ascontiguousarray(asked), radius + 1)
    return np.stack([np.repeat(np.arange(len(asked)), np.diff(limits.astype(np.int64))), found], axis=1)
