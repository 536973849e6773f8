"""Cues are what other libraries measure, and follow what is done to an image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage, signal

from data.images.cues import measure_pixels

# Odd and even sides, and smaller than the tile in which sharpness is measured.
SHAPES = [(64, 64), (63, 64), (64, 63), (40, 57), (3, 3)]


def _random(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def _luma(pixels):
    return pixels.astype(np.float64) @ [0.299, 0.587, 0.114]


@pytest.mark.parametrize("shape", SHAPES)
def test_sharpness_is_the_deviation_of_scipys_laplacian(shape):
    pixels = _random(shape)
    expected = ndimage.laplace(_luma(pixels))[1:-1, 1:-1].std()
    assert measure_pixels(pixels).sharpness == pytest.approx(expected, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_high_frequency_is_the_share_of_the_whole_spectrum(shape):
    pixels = _random(shape)
    luma = _luma(pixels)
    window = np.outer(*(signal.windows.hann(side + 2)[1:-1] for side in shape))
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window)) ** 2
    down, across = np.meshgrid(np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1]), indexing="ij")
    expected = power[(np.abs(down) > 0.25) | (np.abs(across) > 0.25)].sum() / power.sum()
    assert measure_pixels(pixels).high_frequency == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("waves", [2, 8, 14, 18, 25, 32])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_wave_has_all_its_power_at_its_own_frequency(waves, axis):
    wave = np.rint(128 + 100 * np.cos(2 * np.pi * waves * np.arange(64) / 64)).astype(np.uint8)
    pixels = np.repeat(np.repeat(np.expand_dims(wave, 1 - axis), 64, axis=1 - axis)[..., None], 3, axis=2)
    # 32 waves are the Nyquist frequency. The window spreads a wave over its neighbours.
    assert measure_pixels(pixels).high_frequency == pytest.approx(float(waves > 16), abs=1e-2)


@pytest.mark.parametrize("shape", [*SHAPES, (1, 1), (2, 5)])
def test_saturation_and_brightness_are_those_of_pillow(shape):
    pixels = _random(shape)
    image = Image.fromarray(pixels)
    cues = measure_pixels(pixels)
    assert cues.saturation == pytest.approx(np.asarray(image.convert("HSV"))[..., 1].mean() / 255, abs=0.004)
    assert cues.brightness == pytest.approx(np.asarray(image.convert("L")).mean(), abs=0.6)


@pytest.mark.parametrize("size", [130, 200, 333])
def test_of_a_large_image_brightness_is_sampled_and_sharpness_is_that_of_its_centre(picture, size):
    pixels = picture(3, size)[: size - 20]
    top, left = (size - 20 - 64) // 2, (size - 64) // 2
    cues, centre = measure_pixels(pixels), measure_pixels(pixels[top : top + 64, left : left + 64])
    assert (cues.sharpness, cues.high_frequency) == (centre.sharpness, centre.high_frequency)
    assert cues.brightness == pytest.approx(_luma(pixels).mean(), abs=1.5)
    assert cues.brightness != centre.brightness


@settings(deadline=None, max_examples=40)
@given(st.tuples(*[st.integers(0, 255)] * 3), st.integers(1, 80), st.integers(1, 80))
def test_a_constant_image_has_no_detail(colour, height, width):
    cues = measure_pixels(np.full((height, width, 3), colour, np.uint8))
    assert cues.sharpness == pytest.approx(0, abs=1e-3)
    assert cues.high_frequency == pytest.approx(0, abs=1e-6)
    assert cues.brightness == pytest.approx(np.dot(colour, [0.299, 0.587, 0.114]), abs=1e-3)
    assert cues.saturation == pytest.approx((max(colour) - min(colour)) / max(*colour, 1), abs=1e-4)


def test_blur_lowers_sharpness_and_high_frequency_step_by_step():
    for seed in range(5):
        # Blurred around the edges, as the spectrum sees an image.
        sigmas = [(sigma, sigma, 0) for sigma in (0, 0.4, 0.6, 0.8, 1)]
        cues = [
            measure_pixels(ndimage.gaussian_filter(_random((64, 64), seed), sigma, mode="wrap"))
            for sigma in sigmas
        ]
        for cue in ("sharpness", "high_frequency"):
            values = [getattr(one, cue) for one in cues]
            assert values == sorted(values, reverse=True)
            assert values[-1] < 0.2 * values[0]
        assert cues[-1].brightness == pytest.approx(cues[0].brightness, abs=1.5)


def test_enlarging_takes_sharpness_and_high_frequencies_away(picture):
    for seed in range(5):
        small = Image.fromarray(picture(seed)).resize((32, 32), Image.Resampling.LANCZOS)
        enlarged = measure_pixels(np.asarray(small.resize((64, 64), Image.Resampling.BICUBIC)))
        assert enlarged.sharpness < 0.7 * measure_pixels(picture(seed)).sharpness
        assert enlarged.high_frequency < measure_pixels(picture(seed)).high_frequency


def test_light_and_colour_move_their_own_cue(picture):
    image = Image.fromarray(picture(1))
    cues = measure_pixels(picture(1))
    brighter = measure_pixels(np.asarray(image.point(lambda value: min(255, value + 30))))
    grey = measure_pixels(np.asarray(image.convert("L").convert("RGB")))
    assert brighter.brightness > cues.brightness + 15
    assert grey.saturation == 0 < cues.saturation
    assert grey.brightness == pytest.approx(cues.brightness, abs=1)


def test_values_are_rounded_so_that_every_machine_gets_the_same(picture):
    for value in vars(measure_pixels(picture(2))).values():
        assert value == float(f"{value:.6g}")
