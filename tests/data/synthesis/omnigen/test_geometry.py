"""There and back: to sizes that the model has, and to that of the parent."""

import numpy as np
import pytest

from data.synthesis.omnigen.geometry import LONGEST_SIDE, STEP, fitted


def _smooth(height, width):
    ramp = np.linspace(0, 255, height)[:, None] + np.linspace(0, 255, width)
    return np.repeat((ramp / 2)[..., None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (15, 17), (16, 16), (100, 80), (256, 256), (3, 1024), (1023, 1024)])
def test_up_to_the_longest_side_not_a_pixel_changes(size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)

    there, back = fitted(pixels)

    assert [side % STEP for side in there.shape[:2]] == [0, 0]
    assert all(0 <= new - old < STEP for new, old in zip(there.shape[:2], size, strict=True))
    np.testing.assert_array_equal(there[: size[0], : size[1]], pixels)
    np.testing.assert_array_equal(back(there), pixels)


@pytest.mark.parametrize("size", [(1025, 1025), (1200, 700), (2000, 64), (300, 4000)])
def test_a_longer_image_is_made_smaller_and_its_edit_as_large_as_it_was(size):
    pixels = _smooth(*size)

    there, back = fitted(pixels)

    assert max(there.shape) == LONGEST_SIDE
    assert [side % STEP for side in there.shape[:2]] == [0, 0]
    assert there.dtype == back(there).dtype == np.uint8
    assert back(there).shape == pixels.shape
    assert np.abs(back(there).astype(int) - pixels).mean() < 2


def test_what_is_added_mirrors_the_edge():
    pixels = _smooth(20, 30)

    there, _ = fitted(pixels)

    np.testing.assert_array_equal(there[20:], there[8:20][::-1])
    np.testing.assert_array_equal(there[:, 30:], there[:, 28:30][:, ::-1])
