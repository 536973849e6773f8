"""A child is saved as its parent was."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from data.images.decode_check import Limits, decode_rgb, inspect_image
from data.synthesis.encoding import _sampling, encode_like, suffix_of

# Not of the IJG's family: rows 2, 3 and so on, as cameras have them.
_OWN_TABLES = [[2 + row + column for row in range(8) for column in range(8)], [30] * 64]


def _opened(encoded: bytes) -> Image.Image:
    return Image.open(io.BytesIO(encoded))


@pytest.mark.parametrize("quality", [35, 80, 100])
@pytest.mark.parametrize(("name", "sampling"), [("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)])
def test_tables_and_subsampling_are_the_parents_own(picture, encode, quality, name, sampling):
    parent = encode(picture(1), quality=quality, subsampling=name)
    pixels = decode_rgb(parent)
    child = encode_like(pixels, parent)
    # Pillow, told the quality, makes the same file: one more recompression is all that happens.
    assert child == encode(pixels, quality=quality, subsampling=name)
    assert _opened(child).quantization == _opened(parent).quantization
    assert JpegImagePlugin.get_sampling(_opened(child)) == sampling
    facts, before = (inspect_image(one, Limits()) for one in (child, parent))
    assert (facts.jpeg_quality, facts.quantisation) == (quality, before.quantisation)
    assert suffix_of(child) == ".jpg"


def test_tables_of_no_known_family(picture, encode):
    parent = encode(picture(2), qtables=_OWN_TABLES)
    child = encode_like(picture(3), parent)
    assert _opened(child).quantization == dict(enumerate(_OWN_TABLES)) == _opened(parent).quantization


def test_one_table_for_all_stays_one(picture, encode):
    parent = encode(picture(2), qtables=_OWN_TABLES[:1])
    assert _opened(encode_like(picture(3), parent)).quantization == {0: _OWN_TABLES[0]}


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}])
def test_progressive_and_fitted_files_stay_so(picture, encode, options):
    sizes = []
    for seed in range(8):
        parent = encode(picture(seed), quality=85, **options)
        child = encode_like(decode_rgb(parent), parent)
        assert child == encode(decode_rgb(parent), quality=85, **options)
        assert bool(_opened(child).info.get("progressive")) == bool(options.get("progressive"))
        sizes.append(len(child) / len(parent))
    assert np.mean(sizes) == pytest.approx(1, abs=0.01)


def test_rgb_jpegs_stay_rgb(picture, encode):
    parent = encode(picture(1), keep_rgb=True, quality=90)
    child = encode_like(decode_rgb(parent), parent)
    assert _opened(child).info["adobe_transform"] == 0
    assert np.abs(decode_rgb(child).astype(int) - decode_rgb(parent)).mean() < 3


def test_metadata_goes_and_the_child_is_upright(picture, encode):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera"
    parent = encode(
        picture(1)[:, :40].copy().repeat(2, axis=1), exif=exif, icc_profile=b"p" * 500, comment=b"mine"
    )
    pixels = decode_rgb(parent)
    child = encode_like(pixels, parent)
    assert pixels.shape == decode_rgb(child).shape == (80, 64, 3)
    assert not {"exif", "icc_profile", "comment"} & set(_opened(child).info)
    facts, before = (inspect_image(one, Limits()) for one in (child, parent))
    assert (facts.width, facts.height) == (before.width, before.height) == (64, 80)


def test_png_keeps_pixels_and_alpha(picture, encode):
    plain = encode_like(picture(4), encode(picture(5), "PNG"))
    assert np.array_equal(decode_rgb(plain), picture(4))
    assert (_opened(plain).mode, suffix_of(plain)) == ("RGB", ".png")
    alpha = np.dstack([picture(5), np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)])
    child = encode_like(picture(4), encode(alpha, "PNG"))
    assert np.array_equal(np.asarray(_opened(child)), np.dstack([picture(4), alpha[..., 3]]))
    assert np.array_equal(decode_rgb(child), picture(4))


@pytest.mark.parametrize(
    ("luma", "written"), [((1, 2), 1), ((4, 1), 2), ((4, 2), 2), ((2, 2), 2), ((2, 1), 1), ((1, 1), 0)]
)
def test_a_sampling_that_cannot_be_written_becomes_the_next_one(luma, written):
    like = SimpleNamespace(layer=[(1, *luma, 0), (2, 1, 1, 1), (3, 1, 1, 1)])
    assert _sampling(like) == written
