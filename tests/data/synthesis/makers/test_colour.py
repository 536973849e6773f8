"""One matrix does what its parts say."""

import colorsys

import numpy as np
import pytest

from data.synthesis.makers import colour

LUMA = np.array([0.299, 0.587, 0.114])


def _pixel(*levels):
    return np.array([[levels]], np.uint8)


def test_greys_keep_their_colour_when_hue_and_saturation_change():
    greys = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    assert np.array_equal(colour.apply(greys, colour.hue_saturation(25, 1.7)), greys)


def test_no_saturation_is_the_luma():
    pixel = _pixel(200, 120, 40)
    expected = round(float(pixel[0, 0] @ LUMA))
    assert colour.apply(pixel, colour.hue_saturation(0, 0.0)).ravel().tolist() == [expected] * 3


@pytest.mark.parametrize("degrees", [-8, 5, 10])
def test_hue_turns_about_as_that_of_hsv_does_and_saturation_too(degrees):
    skin = np.array([200, 150, 125])
    turned = colour.hue_saturation(degrees, 1.0)[:, :3] @ skin
    hue, saturation, _ = colorsys.rgb_to_hsv(*(skin / 255))
    turned_hue, _, _ = colorsys.rgb_to_hsv(*(turned / 255))
    assert abs((turned_hue - hue) * 360) == pytest.approx(abs(degrees), rel=0.5)
    more = colorsys.rgb_to_hsv(*(colour.hue_saturation(0, 1.2)[:, :3] @ skin / 255))
    assert more[1] == pytest.approx(1.2 * saturation, rel=0.07)
    assert turned @ LUMA == pytest.approx(skin @ LUMA)


def test_contrast_stretches_about_its_pivot_and_brightness_adds():
    change = colour.brightness_contrast(10, 1.5, np.array([100, 100, 100]))
    assert colour.apply(_pixel(100, 120, 80), change).ravel().tolist() == [110, 140, 80]


def test_a_chain_does_one_after_the_other_and_clips_at_the_end():
    shifts = colour.chain(colour.shift(np.array([100, 0, -5])), colour.shift(np.array([-100, 0, 5])))
    assert colour.apply(_pixel(250, 7, 2), shifts).ravel().tolist() == [250, 7, 2]
    stretch, shift = colour.brightness_contrast(0, 2, np.zeros(3)), colour.shift(np.array([1, 2, 3]))
    assert colour.apply(_pixel(10, 10, 10), colour.chain(stretch, shift)).ravel().tolist() == [21, 22, 23]
    assert colour.apply(_pixel(10, 10, 10), colour.chain(shift, stretch)).ravel().tolist() == [22, 24, 26]
    assert colour.apply(_pixel(255, 0, 0), colour.shift(np.array([9, -9, 0]))).ravel().tolist() == [255, 0, 0]
