"""Masks lie softly over the face and nowhere else."""

import numpy as np
import pytest

from data.synthesis.makers.masks import bounding_box, face_mask


@pytest.mark.parametrize("size", [64, 256])
def test_a_mask_is_soft_and_covers_a_good_part_of_the_face(size):
    covered = []
    for seed in range(60):
        mask = face_mask(size, size, np.random.default_rng(seed))
        assert (mask.dtype, mask.shape) == (np.float32, (size, size))
        assert mask.min() == 0
        assert 0.9 <= mask.max() <= 1
        # From 0 to 1 takes at least as long as 2 sigma of the narrowest blur.
        steepest = max(np.abs(np.diff(mask, axis=axis)).max() for axis in (0, 1))
        assert steepest < 1 / (2 * 0.012 * size)
        assert mask[: size // 10].max() == 0
        assert mask[:, : size // 10].max() == 0
        covered.append((mask > 0.5).mean())
    assert min(covered) > 0.04
    assert max(covered) < 0.45
    assert np.std(covered) > 0.03


def test_of_a_longer_image_it_covers_the_middle():
    square, wide, tall = (
        face_mask(*shape, np.random.default_rng(3)) for shape in ((90, 90), (90, 210), (210, 90))
    )
    assert np.array_equal(wide[:, 60:150], square)
    assert np.array_equal(tall[60:150], square)
    assert np.count_nonzero(wide) == np.count_nonzero(tall) == np.count_nonzero(square)


def test_the_box_holds_all_of_the_mask_and_no_more():
    mask = np.zeros((9, 12), np.float32)
    mask[2, 5] = mask[6, 3] = 0.1
    assert bounding_box(mask) == (slice(2, 7), slice(3, 6))
