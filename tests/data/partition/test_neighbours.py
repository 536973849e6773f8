"""The search finds all pairs that comparing everything with everything finds, and no other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from data.partition.neighbours import neighbour_pairs

BITS = 256


def _packed(bits):
    return np.packbits(np.asarray(bits, np.uint8), axis=-1)


def _search(bits, radius, crops=None, first=0):
    if crops is None:
        crops = np.zeros((len(bits), 0, BITS))
    blocks = list(neighbour_pairs(_packed(bits), _packed(crops), radius, first))
    assert all(block.dtype == np.int64 and block.shape == (len(block), 2) for block in blocks)
    return sorted({tuple(pair) for block in blocks for pair in block.tolist()})


def _brute_force(bits, radius, crops=None, first=0):
    """By scipy's Hamming distances."""
    near = np.rint(cdist(bits, bits, "hamming") * BITS) <= radius
    for number in range(0 if crops is None else crops.shape[1]):
        other = np.rint(cdist(crops[:, number], bits, "hamming") * BITS) <= radius
        near |= other | other.T
    return [(one, other) for one, other in np.argwhere(near).tolist() if one < other and other >= first]


def _random_bits(rng, *shape):
    return rng.integers(0, 2, (*shape, BITS), dtype=np.uint8)


def _flipped(bits, positions):
    flipped = bits.copy()
    flipped[positions] ^= 1
    return flipped


@pytest.mark.parametrize("radius", [27, 41])
@pytest.mark.parametrize("spread", ["anywhere", "evenly over the words", "at the start", "at the end"])
def test_pairs_at_every_distance_are_found_up_to_the_radius(radius, spread):
    rng = np.random.default_rng(0)
    distances = [*range(radius + 3), *[radius - 1, radius, radius + 1] * 20]
    originals = _random_bits(rng, len(distances))
    copies = []
    for bits, distance in zip(originals, distances, strict=True):
        positions = {
            "anywhere": rng.permutation(BITS),
            # The hardest case: as few turned bits as can be in each of the 14 words of 18 bits.
            "evenly over the words": (np.arange(14)[None, :] * 18 + rng.permutation(18)[:, None]).ravel(),
            "at the start": np.arange(BITS),
            "at the end": np.arange(BITS)[::-1],
        }[spread]
        copies.append(_flipped(bits, positions[:distance]))
    expected = [(n, n + len(distances)) for n, distance in enumerate(distances) if distance <= radius]
    assert _search(np.array([*originals, *copies]), radius) == expected


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 40),
    st.integers(0, 2),
    st.sampled_from([0, 5, 13, 14, 27, 28, 41, 42, 63]),
    st.integers(0, 45),
    st.integers(0, 2**32 - 1),
)
def test_it_agrees_with_scipys_hamming_distance(count, crops, radius, first, seed):
    rng = np.random.default_rng(seed)
    # Few differing bits, so that distances crowd about the radius.
    share = rng.uniform(0.02, 0.5)
    bits = (rng.random((count, BITS)) < share).astype(np.uint8)
    of_crops = (rng.random((count, crops, BITS)) < share).astype(np.uint8)
    first = min(first, count)
    assert _search(bits, radius, of_crops, first) == _brute_force(bits, radius, of_crops, first)


def test_a_crop_finds_the_other_image_whichever_comes_first():
    rng = np.random.default_rng(1)
    bits, crops = _random_bits(rng, 6), _random_bits(rng, 6, 2)
    crops[1, 0] = _flipped(bits[4], np.arange(27))
    crops[5, 1] = _flipped(bits[2], np.arange(20))
    crops[3, 0] = bits[3]  # Its own crop makes no pair.
    crops[0, 0] = crops[3, 1]  # Nor do two crops.
    assert _search(bits, 27, crops) == [(1, 4), (2, 5)]
    assert _search(bits, 26, crops) == [(2, 5)]


def test_pairs_among_the_first_are_left_out_but_not_those_of_an_early_crop():
    rng = np.random.default_rng(2)
    bits, crops = _random_bits(rng, 6), _random_bits(rng, 6, 2)
    bits[1] = bits[0]
    bits[5] = bits[0]
    crops[2, 0] = bits[4]
    crops[3, 1] = bits[2]
    assert _search(bits, 27, crops, first=4) == [(0, 5), (1, 5), (2, 4)]
    assert _search(bits, 27, crops, first=6) == []


def test_a_pair_is_told_once_however_it_was_found():
    bits = np.repeat(_random_bits(np.random.default_rng(3), 1), 5, axis=0)
    crops = np.repeat(bits[:, None], 2, axis=1)
    assert _search(bits, 27, crops) == [(n, m) for n in range(5) for m in range(n + 1, 5)]


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_and_one_have_no_neighbours(count):
    bits = _random_bits(np.random.default_rng(0), count)
    assert _search(bits, 27, bits[:, None]) == []


def test_thousands_of_strangers_are_told_apart():
    rng = np.random.default_rng(4)
    bits = _random_bits(rng, 5000)
    bits[4999] = _flipped(bits[7], rng.choice(BITS, 27, replace=False))
    assert _search(bits, 27) == [(7, 4999)]
