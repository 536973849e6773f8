"""Copies of an image share a group, strangers do not, and joints carry over."""

import glob
import hashlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from scipy.spatial.distance import cdist

from data.demo_faces import draw_image
from data.groups import group_images
from data.neighbours import neighbour_graph
from data.perceptual_hash import DEFAULT_RADIUS, hash_bits, perceptual_hash


@pytest.fixture(scope="module")
def faces():
    """Thirty drawn faces: alike as aligned faces are, none a copy of another. uint8 [96, 96, 3] each."""
    return [np.asarray(Image.open(io.BytesIO(draw_image(0, number, 5, 96)))) for number in range(30)]


def _groups_of(images, known=None):
    digests = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    return group_images(digests, [perceptual_hash(image) for image in images], known or [None] * len(images))


def _saved_again(pixels, quality):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def _resized(pixels, side):
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def _brighter(pixels, factor):
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(pixels)).enhance(factor))


def _cropped(pixels, share):
    edge = max(1, round(share * len(pixels)))
    return pixels[edge:-edge, edge:-edge]


COPIES = {
    "saved at quality 50": lambda pixels: _saved_again(pixels, 50),
    "half as large": lambda pixels: _resized(pixels, 48),
    "twice as large": lambda pixels: _resized(pixels, 192),
    "half as large, saved at quality 60": lambda pixels: _saved_again(_resized(pixels, 48), 60),
    "darker": lambda pixels: _brighter(pixels, 0.85),
    "a hundredth cut off each side": lambda pixels: _cropped(pixels, 0.01),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_joins_its_original_and_nothing_else(faces, kind):
    groups = _groups_of([*faces, *map(COPIES[kind], faces)])
    assert groups[: len(faces)] == groups[len(faces) :]
    assert len(set(groups)) == len(faces)


def test_aligned_photographs_of_different_people_stay_apart(request):
    paths = sorted(glob.glob(str(request.config.rootpath.parent / "shared/data/faces256/*/*.jpg")))[::3]
    if not paths:
        pytest.skip("needs the photographs of ../shared/data/faces256")
    photographs = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    assert len(set(_groups_of(photographs))) == len(photographs)


def test_joints_carry_over_and_known_groups_are_honoured():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, 256, dtype=np.uint8)
    middle, far, stranger = bits.copy(), bits.copy(), 1 - bits
    middle[:DEFAULT_RADIUS] ^= 1
    far[: 2 * DEFAULT_RADIUS] ^= 1
    hashes = [np.packbits(row).tobytes().hex() for row in (bits, far, middle, stranger, stranger, bits)]
    digests = [f"{number}" * 64 for number in (3, 2, 1, 4, 5, 6)]
    # The first three form a chain; the next two are of one video; the last has an origin of its own, so that
    # its likeness to the first does not count.
    groups = group_images(digests, hashes, [None, None, None, "video", "video", "photo"])
    assert groups == ["1" * 16] * 3 + ["4" * 16] * 2 + ["6" * 16]


def test_equal_bytes_join_whatever_the_source_says():
    groups = group_images(["a" * 64, "a" * 64, "b" * 64], ["0" * 64, "0" * 64, "f" * 64], ["x", "y", "z"])
    assert groups == ["a" * 16, "a" * 16, "b" * 16]


def test_hashes_unpack_to_the_bits_of_imagehash(faces):
    import imagehash

    expected = imagehash.phash(Image.fromarray(faces[0]), hash_size=16).hash.ravel()
    np.testing.assert_array_equal(hash_bits([perceptual_hash(faces[0])])[0], expected)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(0, 63), st.integers(0, 2**32 - 1))
def test_the_neighbour_search_agrees_with_scipys_hamming_distance(count, radius, seed):
    rng = np.random.default_rng(seed)
    # Few differing bits, so that distances crowd about the radius.
    bits = (rng.random((count, 256)) < rng.uniform(0.02, 0.5)).astype(np.uint8)
    expected = np.rint(cdist(bits, bits, "hamming") * 256) <= radius
    np.testing.assert_array_equal(neighbour_graph(bits, radius).toarray() > 0, expected)
