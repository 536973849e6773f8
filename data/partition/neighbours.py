"""Finding all pairs of near hashes.

Exact, by multi-index hashing (Norouzi, Punjani and Fleet, "Fast Exact Search in Hamming Space with Multi-Index
Hashing", TPAMI 2014): the hash is cut into 14 words of 18 bits, each in a table of its own. Two hashes that differ in
at most 27 bits differ in at most one bit of some word, so looking up each word as it is, and with each of its bits
turned, misses nothing. A look-up hardly depends on how many hashes there are, where comparing all pairs grows with
their square (``benchmarks/near_duplicates.py`` has the figures).
"""

from collections.abc import Iterator

import faiss
import numpy as np

_WORDS = 14
_ASKED_AT_ONCE = 512


def neighbour_pairs(
    hashes: np.ndarray, crops: np.ndarray, radius: int, first: int = 0
) -> Iterator[np.ndarray]:
    """Finds which images have near hashes: their own, or one's crop and the other.

    Args:
        hashes: uint8 array [n, b / 8], packed bits.
        crops: uint8 array [n, c, b / 8]; hashes of c crops of each image.
        radius: largest Hamming distance of a pair, in bits, 0 to b.
        first: only pairs with an image at this position or later are wanted.

    Yields:
        int64 arrays [pairs, 2] of positions, the smaller one first; a few hundred images' pairs at a time, as there
        may be many. A pair may come more than once.
    """
    count, width = hashes.shape
    if not count:
        return
    index = faiss.IndexBinaryMultiHash(width * 8, _WORDS, width * 8 // _WORDS)
    index.nflip = radius // _WORDS
    index.add(np.ascontiguousarray(hashes))
    for asked, start in ((hashes, first), *((crops[:, number], 0) for number in range(crops.shape[1]))):
        for begin in range(start, count, _ASKED_AT_ONCE):
            pairs = np.sort(_search(index, asked, begin, radius), axis=1)
            yield pairs[(pairs[:, 0] < pairs[:, 1]) & (pairs[:, 1] >= first)]


def _search(index: faiss.IndexBinary, asked: np.ndarray, begin: int, radius: int) -> np.ndarray:
    """int64 array [pairs, 2]: position among all that is asked, and in the index; of one block."""
    block = np.ascontiguousarray(asked[begin : begin + _ASKED_AT_ONCE])
    # FAISS means "nearer than".
    limits, _, found = index.range_search(block, radius + 1)
    rows = np.repeat(np.arange(begin, begin + len(block)), np.diff(limits.astype(np.int64)))
    return np.stack([rows, found], axis=1)
