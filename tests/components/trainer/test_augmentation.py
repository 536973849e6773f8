"""Augmentation changes images by as much as it says, by no more, and always in the same way for a seed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.settings import AugmentationSettings
from components.trainer.augmentation import Augmentation, rotate_and_zoom, shift

_NOTHING = {"horizontal_flip": False, "rotation_degrees": 0.0, "zoom": 0.0}
ALL = AugmentationSettings(robustness=True)


def _seed(first: int, second: int) -> tf.Tensor:
    return tf.constant([first, second], tf.int64)


def _augmented(pixels, **changes) -> np.ndarray:
    return Augmentation(AugmentationSettings(**_NOTHING | changes))(pixels, _seed(1, 0)).numpy()


@pytest.fixture
def pixels(make_pictures):
    """Sixteen pictures, float32 `[16, 32, 32, 3]` in [0, 1]."""
    return make_pictures(16)[0] / np.float32(255)


def test_without_any_change_the_images_stay(pixels):
    np.testing.assert_array_equal(_augmented(pixels), pixels)


def test_a_flip_mirrors_some_exactly_and_leaves_the_others(pixels):
    flipped = _augmented(pixels, horizontal_flip=True)
    same = [np.array_equal(after, before) for after, before in zip(flipped, pixels, strict=True)]
    mirrored = [np.array_equal(after, before[:, ::-1]) for after, before in zip(flipped, pixels, strict=True)]
    assert all(a or b for a, b in zip(same, mirrored, strict=True))
    assert any(same)
    assert any(mirrored)


def test_a_flip_is_as_likely_as_not():
    left = np.zeros((1000, 2, 2, 3), np.float32)
    left[:, :, 0] = 1.0
    assert 440 < _augmented(left, horizontal_flip=True)[:, 0, 1, 0].sum() < 560


def test_ten_degrees_are_ten_degrees():
    """A bright line through the middle of a dark image shows by how much it was turned."""
    images = np.zeros((64, 101, 101, 3), np.float32)
    images[:, 50, :, :] = 1.0
    turned = _augmented(images, rotation_degrees=10.0)[..., 0]
    degrees = []
    for image in turned:
        rows, columns = np.nonzero(image[:, 20:81] > 0.5)
        degrees.append(np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0])))
    assert max(np.abs(degrees)) <= 10.5
    # Sixty-four draws from -10 to 10 reach near both ends.
    assert min(degrees) < -8
    assert max(degrees) > 8


@pytest.mark.parametrize("along", ["height", "width"])
def test_a_zoom_of_a_tenth_is_a_tenth(along):
    """The width of a bright bar across the middle shows by how much it was enlarged."""
    images = np.zeros((64, 101, 101, 3), np.float32)
    images[:, 30:71] = 1.0
    if along == "height":
        sizes = _augmented(images, zoom=0.1)[:, :, 50, 0].sum(axis=1) / 41
    else:
        sizes = _augmented(images.swapaxes(1, 2), zoom=0.1)[:, 50, :, 0].sum(axis=1) / 41
    assert sizes.min() >= 1 / 1.1 - 0.02
    assert sizes.max() <= 1 / 0.9 + 0.02
    assert sizes.min() < 0.95
    assert sizes.max() > 1.05


@pytest.mark.parametrize("degrees", [-10.0, 3.0, 90.0])
def test_a_rotation_is_that_of_keras(degrees, pixels):
    turn = degrees / 360
    layer = keras.layers.RandomRotation((turn, turn), fill_mode="reflect")
    found = rotate_and_zoom(pixels, tf.fill([16], degrees), tf.zeros([16, 2]))
    np.testing.assert_allclose(found, layer(pixels, training=True), atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(0.1, 0.1), (-0.1, -0.1), (0.1, -0.05)])
def test_a_zoom_is_that_of_keras(height, width, pixels):
    layer = keras.layers.RandomZoom((height, height), (width, width), fill_mode="reflect")
    found = rotate_and_zoom(pixels, tf.zeros([16]), tf.tile([[height, width]], [16, 1]))
    np.testing.assert_allclose(found, layer(pixels, training=True), atol=1e-4)


def test_both_at_once_are_one_after_the_other():
    """On an image without detail, where resampling twice instead of once changes nothing."""
    rows, columns = np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 64), indexing="ij")
    images = np.stack([rows, columns, rows * columns], axis=-1)[np.newaxis].astype(np.float32)
    turned = keras.layers.RandomRotation((10 / 360, 10 / 360))(images, training=True)
    expected = keras.layers.RandomZoom((-0.1, -0.1), (0.08, 0.08))(turned, training=True)
    found = rotate_and_zoom(images, tf.constant([10.0]), tf.constant([[-0.1, 0.08]]))
    inside = np.s_[:, 12:-12, 12:-12]
    np.testing.assert_allclose(found[inside], np.asarray(expected)[inside], atol=1e-3)
    # Not the other way round.
    swapped = keras.layers.RandomZoom((-0.1, -0.1), (0.08, 0.08))(images, training=True)
    swapped = keras.layers.RandomRotation((10 / 360, 10 / 360))(swapped, training=True)
    assert np.abs(found[inside] - np.asarray(swapped)[inside]).max() > 0.005


@pytest.mark.parametrize("settings", [AugmentationSettings(), ALL])
def test_the_range_stays_and_a_seed_repeats_whatever_ran_before(settings, pixels):
    augmentation = Augmentation(settings)
    first, other, again = (augmentation(pixels, _seed(3, seed)).numpy() for seed in (1, 2, 1))
    anew = Augmentation(settings)(pixels, _seed(3, 1)).numpy()
    assert first.min() >= 0.0
    assert first.max() <= 1.0
    assert (first.shape, first.dtype) == (pixels.shape, np.float32)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, anew)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("settings", [AugmentationSettings(), ALL])
def test_in_a_parallel_dataset_it_does_what_it_does_eagerly(settings, pixels):
    augmentation = Augmentation(settings)
    # Seven images a batch, so that the last has two.
    batches = tf.data.Dataset.from_tensor_slices(pixels).batch(7).enumerate()
    mapped = batches.map(
        lambda step, batch: augmentation(batch, tf.stack([step, step])), num_parallel_calls=2
    )
    assert mapped.element_spec == tf.TensorSpec([None, 32, 32, 3], tf.float32)
    for step, found in enumerate(mapped):
        alone = augmentation(pixels[7 * step : 7 * step + 7], _seed(step, step))
        np.testing.assert_allclose(found, alone, atol=1e-6)
    assert step == 2


def test_robustness_is_off_by_default_and_comes_after_the_rest(pixels):
    """Rounded to 8 bits by a JPEG and resampled by nothing afterwards: so are about half of the images."""

    def eight_bits(images):
        return [bool(np.allclose(image * 255, np.round(image * 255), atol=1e-3)) for image in images]

    many = np.concatenate([pixels] * 4)
    seed = _seed(5, 5)
    assert not any(eight_bits(_augmented(many, rotation_degrees=10.0, zoom=0.1)))
    assert not any(eight_bits(Augmentation(AugmentationSettings(horizontal_flip=False))(many, seed).numpy()))
    assert 16 < sum(eight_bits(Augmentation(ALL)(many, seed).numpy())) < 48


def test_a_shift_is_by_whole_pixels_and_reflects():
    rng = np.random.default_rng(0)
    images = rng.random((4, 9, 9, 3), np.float32)
    shifts = np.array([[2, -3], [0, 0], [-8, 8], [1, 5]], np.int32)
    moved = shift(tf.constant(images), tf.constant(shifts)).numpy()
    for image, (down, right), found in zip(images, shifts, moved, strict=True):
        padded = np.pad(image, ((8, 8), (8, 8), (0, 0)), mode="reflect")
        np.testing.assert_array_equal(found, padded[8 - down : 17 - down, 8 - right : 17 - right])


def test_shifts_reach_their_limit_in_all_directions_and_no_farther():
    spot = np.zeros((300, 20, 20, 3), np.float32)
    spot[:, 10, 10] = 1.0
    settings = AugmentationSettings(horizontal_flip=False, rotation_degrees=0, zoom=0, shift=0.1)
    moved = Augmentation(settings)(spot, (1, 2)).numpy()[..., 0]
    _, rows, columns = np.nonzero(moved)
    assert set(rows) == set(columns) == {8, 9, 10, 11, 12}
