"""Each perturbation does to the pixels what it says, in the same way each time, and nothing besides."""

import io
import itertools

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, JpegImagePlugin

from components.scoring.perturbations import PERTURBATIONS
from components.trainer import robustness
from data.images.decode_check import Limits, decode_rgb, inspect_image
from data.images.jpeg_quality import estimate_quality

_BY_NAME = {one.name: one for one in PERTURBATIONS}
_LOSSY = ("JPEG compression", "screenshot")
_CHANCE = ("noise-0.02", "noise-0.05")


@pytest.fixture(scope="module")
def pixels(picture):
    """A picture with fine detail, uint8 `[100, 140, 3]`."""
    detail = np.random.default_rng(0).normal(0, 12, (100, 140, 3))
    return np.clip(picture(1, 0, 100, 140) + detail, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def encoded(pixels, encode):
    return encode(pixels)


@pytest.fixture(scope="module")
def flat(encode):
    """``flat(value)``: 224 x 224 pixels of one grey, as PNG."""
    return lambda value: encode(np.full((224, 224, 3), value, np.uint8))


def _applied(name, encoded):
    return decode_rgb(_BY_NAME[name].apply(encoded)).astype(int)


def test_names_tell_them_apart():
    assert len(_BY_NAME) == len(PERTURBATIONS) == 16
    assert [name for name in _BY_NAME if name.startswith("jpeg")] == [
        "jpeg-90",
        "jpeg-75",
        "jpeg-50",
        "jpeg-30",
    ]


@pytest.mark.parametrize("one", PERTURBATIONS, ids=lambda one: one.name)
def test_the_result_can_be_used_and_is_lossless_unless_it_is_about_compression(one, encoded, pixels):
    result = one.apply(encoded)
    facts = inspect_image(result, Limits(smallest_face=80))
    assert facts.format == ("jpeg" if one.kind in _LOSSY else "png")
    if one.kind not in ("centre crop", "screenshot"):
        assert (facts.height, facts.width) == pixels.shape[:2]
    assert one.apply(encoded) == result


@pytest.mark.parametrize("one", PERTURBATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "I;16", "P"])
def test_grey_alpha_palettes_and_16_bits_are_taken(one, mode, pixels):
    buffer = io.BytesIO()
    if mode == "I;16":
        Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(buffer, "PNG")
    else:
        Image.fromarray(pixels).convert(mode).save(buffer, "PNG")
    assert decode_rgb(one.apply(buffer.getvalue())).shape[2] == 3


def test_the_higher_the_severity_of_a_kind_the_further_from_the_image(encoded, pixels):
    for kind, group in itertools.groupby(PERTURBATIONS, lambda one: one.kind):
        if kind in ("centre crop", "brightness", "screenshot"):
            continue
        errors = [np.abs(_applied(one.name, encoded) - pixels.astype(int)).mean() for one in group]
        assert len(errors) > 1
        assert errors == sorted(errors)
        assert errors[0] > 0.5


@pytest.mark.parametrize("quality", [90, 75, 50, 30])
def test_compression_is_pillows_jpeg_of_that_quality_with_half_the_colour(quality, encoded, pixels, encode):
    result = _BY_NAME[f"jpeg-{quality}"].apply(encoded)
    assert result == encode(pixels, "JPEG", quality=quality, subsampling=2)
    with Image.open(io.BytesIO(result)) as image:
        assert estimate_quality(image.quantization) == quality
        assert JpegImagePlugin.get_sampling(image) == 2


@pytest.mark.parametrize("sigma", [1, 2, 3])
def test_blur_is_that_of_training_at_the_same_proportion(sigma, encode):
    square = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)
    # Written by matrices, in TensorFlow; half of the reference side, so half of the pixels.
    expected = robustness.blur(tf.constant(square[np.newaxis] / 255.0, tf.float32), tf.constant([sigma / 2]))
    found = _applied(f"blur-{sigma}", encode(square))
    np.testing.assert_allclose(found, expected[0] * 255, atol=0.6)


def test_blur_goes_by_the_shorter_side(encode):
    wide = np.zeros((56, 300, 3), np.uint8)
    wide[:, 150] = 255
    found = _applied("blur-2", encode(wide))[28, :, 0]
    # A line becomes a Gaussian with a peak of 1 / (sigma sqrt(2 pi)); sigma is 2 * 56 / 224.
    assert found[150] == pytest.approx(255 / (0.5 * np.sqrt(2 * np.pi)), rel=0.06)


@pytest.mark.parametrize("share", [0.5, 0.25])
def test_downscaling_removes_what_is_finer_than_it_can_hold_and_keeps_the_rest(share, encode):
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    inside = _applied(f"downscale-{share}", encode(stripes))[8:-8, 8:-8]
    assert np.abs(inside - 100).max() <= 12
    slope = np.tile(np.arange(64, dtype=np.uint8)[np.newaxis, :, np.newaxis] * 3, (64, 1, 3))
    found = _applied(f"downscale-{share}", encode(slope))
    assert np.abs(found - slope.astype(int))[8:-8, 8:-8].max() <= 1


@pytest.mark.parametrize("name", _CHANCE)
def test_noise_has_the_deviation_it_states_and_no_bias(name, flat):
    noise = _applied(name, flat(128)) - 128
    assert noise.std() == pytest.approx(255 * _BY_NAME[name].severity, rel=0.02)
    assert abs(noise.mean()) < 0.1
    # Each channel of each pixel has its own.
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.02


def test_noise_differs_between_images_and_between_perturbations(flat):
    one, other = (_applied("noise-0.05", flat(value)) - value for value in (100, 101))
    milder = _applied("noise-0.02", flat(100)) - 100
    for another in (other, milder):
        assert abs(np.corrcoef(one.ravel(), another.ravel())[0, 1]) < 0.02


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("brightness--0.3", 100, 70), ("brightness-0.3", 100, 130), ("brightness-0.3", 250, 255)],
)
def test_brightness_multiplies(name, value, expected, flat):
    assert np.unique(_applied(name, flat(value))).tolist() == [expected]


@pytest.mark.parametrize(("name", "kept"), [("crop-0.9", (90, 126, 5, 7)), ("crop-0.8", (80, 112, 10, 14))])
def test_a_crop_is_the_middle_of_the_image(name, kept, encoded, pixels):
    rows, columns, top, left = kept
    np.testing.assert_array_equal(_applied(name, encoded), pixels[top : top + rows, left : left + columns])


def test_a_screenshot_is_smaller_darker_in_the_middle_tones_and_compressed(encoded, flat):
    result = _BY_NAME["screenshot-0.85"].apply(encoded)
    with Image.open(io.BytesIO(result)) as image:
        assert image.size == (round(140 * 0.85) - 4, round(100 * 0.85) - 4)
        assert estimate_quality(image.quantization) == 80
        assert JpegImagePlugin.get_sampling(image) == 2
    for value, expected in ((0, 0), (128, 255 * (128 / 255) ** 1.1), (255, 255)):
        found = _applied("screenshot-0.85", flat(value))
        assert np.abs(found - expected).max() <= 1
