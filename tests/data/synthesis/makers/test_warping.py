"""Pixels come from where the displacements point to; scipy says so, too."""

import numpy as np
from scipy import ndimage

from data.synthesis.makers.warping import smooth_field, warp


def _image(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (40, 50, 3), dtype=np.uint8)


def test_no_displacement_leaves_the_image():
    image = _image()
    assert np.array_equal(warp(image, np.zeros((2, 40, 50), np.float32)), image)


def test_whole_pixels_are_moved_as_they_are():
    image, field = _image(), np.zeros((2, 40, 50), np.float32)
    field[0], field[1] = 3, -2
    assert np.array_equal(warp(image, field)[2:, :-3], image[:-2, 3:])


def test_it_agrees_with_scipy():
    image = ndimage.gaussian_filter(np.random.default_rng(1).uniform(0, 255, (40, 50)), 2).astype(np.float32)
    field = smooth_field((20, 30), 5, 2.0, np.random.default_rng(2))
    rows, columns = slice(10, 30), slice(5, 35)
    y, x = np.mgrid[rows, columns].astype(float)
    x = 19.5 + (x - 19.5) / 1.1 + field[0]
    y = 19.5 + (y - 19.5) / 0.9 + field[1]
    expected = ndimage.map_coordinates(image, (y, x), order=1, mode="nearest")
    # OpenCV rounds coordinates to 32nds of a pixel.
    np.testing.assert_allclose(warp(image, field, (rows, columns), (1.1, 0.9)), expected, atol=1.5)


def test_a_field_is_smooth_and_as_strong_at_any_size():
    for size in (64, 256):
        field = np.stack([smooth_field((size, size), 8, 3.0, np.random.default_rng(n)) for n in range(20)])
        assert field.dtype == np.float32
        assert 1.5 < field.std() < 3.0
        assert np.abs(np.diff(field, axis=-1)).max() < 3.0 * 4 * 3 * 8 / size
        assert abs(field.mean()) < 0.3
