"""Does the search for near copies grow more slowly than comparing all pairs?

    python benchmarks/near_duplicates.py [--hashes 12500 25000 50000]

Draws random hashes, plants a near copy of one in a hundred (at every distance from 0 to the radius), searches, and
checks that every planted pair is found. Prints the time, how it grows each time the number doubles (comparing all
pairs: 4.0), and, in the same run, what FAISS takes to compare all pairs.
"""

import argparse
import sys
import time

import faiss
import numpy as np

from data.images.perceptual_hash import CROPS, DEFAULT_RADIUS, HASH_BITS
from data.partition.neighbours import neighbour_pairs


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hashes", type=int, nargs="+", default=[12500, 25000, 50000])
    rng = np.random.default_rng(0)
    before = None
    for count in parser.parse_args().hashes:
        hashes, planted = _plant(rng, count)
        crops = rng.integers(0, 256, (count, len(CROPS), HASH_BITS // 8), dtype=np.uint8)
        list(neighbour_pairs(hashes[:1000], crops[:1000], DEFAULT_RADIUS))  # Starts FAISS's threads.
        start = time.perf_counter()
        blocks = list(neighbour_pairs(hashes, crops, DEFAULT_RADIUS))
        took = time.perf_counter() - start
        found = {tuple(pair) for block in blocks for pair in block.tolist()}
        start = time.perf_counter()
        _all_pairs(hashes, crops)
        all_pairs = time.perf_counter() - start
        growth = f"{took / before:.1f} times the time of the line above" if before else ""
        print(
            f"{count:>7} hashes, {2 * count} crops: {took:6.2f} s; planted pairs found {len(planted & found)} of "
            f"{len(planted)}; all pairs {all_pairs:6.2f} s   {growth}"
        )
        before = took
        if planted - found:
            return 1
    return 0


def _plant(rng: np.random.Generator, count: int) -> tuple[np.ndarray, set[tuple[int, int]]]:
    hashes = rng.integers(0, 256, (count, HASH_BITS // 8), dtype=np.uint8)
    planted = set()
    for number in range(count // 100):
        bits = np.unpackbits(hashes[number])
        bits[rng.choice(HASH_BITS, number % (DEFAULT_RADIUS + 1), replace=False)] ^= 1
        hashes[count - 1 - number] = np.packbits(bits)
        planted.add((number, count - 1 - number))
    return hashes, planted


def _all_pairs(hashes: np.ndarray, crops: np.ndarray) -> None:
    index = faiss.IndexBinaryFlat(HASH_BITS)
    index.add(hashes)
    for asked in (hashes, *(np.ascontiguousarray(crops[:, number]) for number in range(crops.shape[1]))):
        index.range_search(asked, DEFAULT_RADIUS + 1)


if __name__ == "__main__":
    sys.exit(main())
