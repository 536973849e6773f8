"""Softer and sharper, measured."""

import numpy as np

from data.images.cues import measure_pixels
from data.synthesis.makers.detail import sharpen, soften


def _grain():
    return np.random.default_rng(0).integers(90, 160, (64, 64, 1), dtype=np.uint8).repeat(3, axis=2)


def test_factor_1_and_amount_0_leave_the_image():
    assert np.array_equal(soften(_grain(), 1.0), _grain())
    assert np.array_equal(sharpen(_grain(), 0.0, 1.0), _grain())


def test_flat_colour_stays():
    flat = np.full((64, 48, 3), (10, 130, 250), np.uint8)
    assert np.array_equal(soften(flat, 2.5), flat)
    assert np.array_equal(sharpen(flat, 0.8, 1.5), flat)


def test_more_is_softer_and_sharper():
    sharpness = [
        measure_pixels(pixels).sharpness for pixels in (soften(_grain(), 3), soften(_grain(), 1.5), _grain())
    ]
    assert sharpness == sorted(sharpness)
    assert sharpness[0] < 0.5 * sharpness[2]
    assert measure_pixels(sharpen(_grain(), 0.5, 1.0)).sharpness > 1.2 * sharpness[2]
