"""Copies of an image share a group, strangers do not, and joints carry over."""

import glob
import hashlib
import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from data.demo.faces import draw_image
from data.images.perceptual_hash import CROPS, DEFAULT_RADIUS, packed_hashes, perceptual_hashes
from data.partition.groups import group_images


@pytest.fixture(scope="module")
def faces():
    """Twenty drawn faces: alike as aligned faces are, none a copy of another. uint8 [192, 192, 3] each."""
    return [np.asarray(Image.open(io.BytesIO(draw_image(0, number, 5, 192)))) for number in range(20)]


def _grouped(images):
    digests = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    whole, crops = zip(*map(perceptual_hashes, images), strict=True)
    crops = packed_hashes(crops).reshape(len(images), len(CROPS), -1)
    return group_images(digests, packed_hashes(whole), crops, [], DEFAULT_RADIUS)


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
    "half as large": lambda pixels: _resized(pixels, 96),
    "twice as large": lambda pixels: _resized(pixels, 384),
    "half as large, saved at quality 60": lambda pixels: _saved_again(_resized(pixels, 96), 60),
    "darker": lambda pixels: _brighter(pixels, 0.85),
    "two hundredths cut off each side": lambda pixels: _cropped(pixels, 0.02),
    "four hundredths cut off each side": lambda pixels: _cropped(pixels, 0.04),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_joins_its_original_and_nothing_else(faces, kind):
    grouped = _grouped([*faces, *map(COPIES[kind], faces)])
    assert grouped.names[: len(faces)] == grouped.names[len(faces) :]
    assert len(set(grouped.names)) == len(faces)
    assert grouped.has_near_copy.all()


def test_aligned_photographs_of_different_people_stay_apart(request):
    paths = sorted(glob.glob(str(request.config.rootpath.parent / "shared/data/faces256/*/*.jpg")))[::3]
    if not paths:
        pytest.skip("needs the photographs of ../shared/data/faces256")
    photographs = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    assert len(set(_grouped(photographs).names)) == len(photographs)


def _group(digests, bits, joints, radius=DEFAULT_RADIUS, first=0):
    hashes = np.packbits(np.array(bits, np.uint8), axis=1)
    return group_images(digests, hashes, hashes[:, None], joints, radius, first)


def test_joints_carry_over():
    bits = np.random.default_rng(0).integers(0, 2, 256, dtype=np.uint8)
    middle, far, stranger = bits.copy(), bits.copy(), 1 - bits
    middle[:DEFAULT_RADIUS] ^= 1
    far[: 2 * DEFAULT_RADIUS] ^= 1
    other = np.roll(stranger, 128)
    digests = [f"{number}" * 64 for number in (3, 2, 1, 4, 5, 6)]
    # The first three form a chain; the next two are of one video, and the last was cut from the photo of the fourth.
    videos = [None, None, None, "video", "video", None]
    photos = [None, None, None, "photo", None, "photo"]
    grouped = _group(digests, (bits, far, middle, stranger, other, bits[::-1]), [videos, photos])
    assert grouped.names == ["1" * 16] * 3 + ["4" * 16] * 3
    assert grouped.has_near_copy.tolist() == [True] * 3 + [False] * 3


def test_neighbours_join_whatever_the_source_says():
    bits = np.random.default_rng(0).integers(0, 2, 256, dtype=np.uint8)
    digests = ["a" * 64, "a" * 64, "b" * 64, "c" * 64]
    grouped = _group(digests, (bits, bits, bits, 1 - bits), [["w", "x", "y", "z"]])
    assert grouped.names == ["a" * 16] * 3 + ["c" * 16]
    # Equal bytes are no near copies, but exact ones.
    assert grouped.has_near_copy.tolist() == [True] * 3 + [False]
    assert _group(["a" * 64] * 2, (bits, bits), []).has_near_copy.tolist() == [False] * 2


def test_thousands_of_equal_and_nearly_equal_images_are_searched_in_little_memory():
    rng = np.random.default_rng(0)
    bits = np.tile(rng.integers(0, 2, 256, dtype=np.uint8), (6000, 1))
    bits[np.arange(3000), rng.integers(0, 256, 3000)] ^= 1
    digests = [f"{number:064x}" for number in range(len(bits))]
    tracemalloc.start()
    grouped = _group(digests, bits, [])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(grouped.names) == {"0" * 16}
    assert grouped.has_near_copy.all()
    assert peak < 60e6


def test_neighbours_among_the_first_are_not_looked_for():
    bits = np.random.default_rng(0).integers(0, 2, 256, dtype=np.uint8)
    digests = [letter * 64 for letter in "abcd"]
    near = bits.copy()
    near[0] ^= 1
    grouped = _group(digests, (bits, near, 1 - bits, 1 - bits), [], first=3)
    assert grouped.names == ["a" * 16, "b" * 16, "c" * 16, "c" * 16]


def test_nothing_has_no_groups():
    grouped = group_images([], np.zeros((0, 32), np.uint8), np.zeros((0, 2, 32), np.uint8), [[]], 27)
    assert grouped.names == []
    assert grouped.has_near_copy.shape == (0,)
