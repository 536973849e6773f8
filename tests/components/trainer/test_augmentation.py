"""Augmentation changes images by as much as it says, and by no more."""

import keras
import numpy as np
import pytest

from components.settings import AugmentationSettings
from components.trainer.augmentation import Augmentation

_NOTHING = {"horizontal_flip": False, "rotation_degrees": 0.0, "zoom": 0.0}


def _augmentation(seed: int = 1, **changes) -> Augmentation:
    return Augmentation(AugmentationSettings(**_NOTHING | changes), seed)


@pytest.fixture
def pixels(make_pictures):
    """Sixteen pictures, float32 `[16, 32, 32, 3]` in [0, 1]."""
    return make_pictures(16)[0] / np.float32(255)


def test_without_any_change_the_images_stay(pixels):
    np.testing.assert_array_equal(_augmentation()(pixels), pixels)


def test_a_flip_mirrors_some_and_leaves_the_others(pixels):
    flipped = _augmentation(horizontal_flip=True)(pixels).numpy()
    same = [np.array_equal(after, before) for after, before in zip(flipped, pixels, strict=True)]
    mirrored = [np.array_equal(after, before[:, ::-1]) for after, before in zip(flipped, pixels, strict=True)]
    assert all(a or b for a, b in zip(same, mirrored, strict=True))
    assert any(same)
    assert any(mirrored)


def test_ten_degrees_are_ten_degrees():
    """A bright line through the middle of a dark image shows by how much it was turned."""
    images = np.zeros((64, 101, 101, 3), np.float32)
    images[:, 50, :, :] = 1.0
    turned = _augmentation(rotation_degrees=10.0)(images).numpy()[..., 0]
    degrees = []
    for image in turned:
        rows, columns = np.nonzero(image[:, 20:81] > 0.5)
        degrees.append(np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0])))
    assert max(np.abs(degrees)) <= 10.5
    # Sixty-four draws from -10 to 10 reach near both ends.
    assert min(degrees) < -8
    assert max(degrees) > 8


def test_a_zoom_of_a_tenth_is_a_tenth():
    """The width of a bright bar across the middle shows by how much it was enlarged."""
    images = np.zeros((64, 101, 101, 3), np.float32)
    images[:, 30:71] = 1.0
    widths = _augmentation(zoom=0.1)(images).numpy()[:, :, 50, 0].sum(axis=1) / 41
    assert widths.min() >= 1 / 1.1 - 0.02
    assert widths.max() <= 1 / 0.9 + 0.02
    assert widths.min() < 0.95
    assert widths.max() > 1.05


def test_the_range_stays_and_a_seed_repeats(pixels):
    changed = AugmentationSettings()
    first, again, other = (Augmentation(changed, seed)(pixels).numpy() for seed in (1, 1, 2))
    assert first.min() >= 0.0
    assert first.max() <= 1.0
    assert first.shape == pixels.shape
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_layer_counts_in_full_turns():
    """What the original project wrote, RandomRotation(0.1), is 36 degrees."""
    [layer] = _augmentation(rotation_degrees=10.0)._layers
    assert isinstance(layer, keras.layers.RandomRotation)
    assert layer.factor == pytest.approx((-10 / 360, 10 / 360))
