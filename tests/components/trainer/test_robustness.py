"""Each degradation is that of a library, and images meet them in order, each with probability one half."""

import io
import itertools

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import ndimage

from components.trainer import robustness

SIZE = 112


@pytest.fixture(scope="module")
def pixels():
    """Four images of much detail, float32 `[4, 112, 112, 3]` in [0, 1]."""
    return np.random.default_rng(0).random((4, SIZE, SIZE, 3), np.float32)


def test_blur_is_scipys(pixels):
    sigmas = np.array([0.0, 0.4, 1.0, 1.5], np.float32)
    expected = [
        ndimage.gaussian_filter(image, (sigma, sigma, 0), mode="reflect")
        for image, sigma in zip(pixels, sigmas, strict=True)
    ]
    np.testing.assert_allclose(robustness.blur(tf.constant(pixels), sigmas), expected, atol=1e-4)


def test_downscaling_is_pillows(pixels):
    factors = np.array([0.5, 0.6, 0.9, 1.0], np.float32)

    def resized(channel, side):
        return np.asarray(Image.fromarray(channel).resize((side, side), Image.Resampling.BILINEAR))

    expected = [
        np.stack([resized(resized(image[..., c], side), SIZE) for c in range(3)], axis=-1)
        for image, side in zip(pixels, (56, 67, 101, 112), strict=True)
    ]
    found = robustness.downscale(tf.constant(pixels), factors)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_array_equal(found[3], pixels[3])


def test_noise_has_the_deviation_that_was_asked_for(pixels):
    deviations = np.array([0.0, 0.005, 0.01, 0.02], np.float32)
    noise = robustness.add_noise(tf.constant(pixels), deviations, tf.constant([1, 2])) - pixels
    np.testing.assert_allclose(np.std(noise, axis=(1, 2, 3)), deviations, rtol=0.02)
    np.testing.assert_allclose(np.mean(noise, axis=(1, 2, 3)), 0.0, atol=5e-4)
    # Each channel of each pixel has its own.
    assert abs(np.corrcoef(noise[3, ..., 0].numpy().ravel(), noise[3, ..., 1].numpy().ravel())[0, 1]) < 0.05


def test_compression_is_that_of_tensorflows_jpeg(pixels):
    qualities = [30, 60, 95, 100]
    eight_bits = np.round(pixels * 255).astype(np.uint8)
    expected = [
        tf.io.decode_jpeg(tf.io.encode_jpeg(image, quality=quality)).numpy() / 255
        for image, quality in zip(eight_bits, qualities, strict=True)
    ]
    found = robustness.compress(tf.constant(pixels), tf.constant(qualities)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_compression_is_nearly_that_of_pillow(picture):
    image = picture(1, 3, SIZE, SIZE)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=50)
    found = robustness.compress(tf.constant(image[np.newaxis] / np.float32(255)), tf.constant([50]))
    assert np.abs(found[0].numpy() * 255 - np.asarray(Image.open(buffer))).max() <= 4


NAMES = ("blur", "downscale", "add_noise", "compress")


@pytest.fixture
def met(monkeypatch):
    """What images meet, in order: for each change the images and their strengths; nothing is changed."""
    calls = {}

    def recorder(name):
        def record(pixels, strengths, *rest):
            calls[name] = pixels.numpy(), strengths.numpy()
            return pixels

        return record

    for name in NAMES:
        monkeypatch.setattr(robustness, name, recorder(name))
    return calls


def test_images_meet_each_with_probability_one_half_in_the_stated_range_and_order(met):
    robustness.degrade(tf.zeros([1000, 16, 16, 3]), tf.constant([1, 2]))
    assert tuple(met) == NAMES
    ranges = [(0, 3 * 16 / 224), (0.5, 1.0), (0, 0.02), (30, 100)]
    for (_, strengths), (low, high) in zip(met.values(), ranges, strict=True):
        assert 440 < len(strengths) < 560
        reached = (np.array([strengths.min(), strengths.max()]) - low) / (high - low)
        np.testing.assert_allclose(reached, [0, 1], atol=0.02)
        assert reached.min() >= 0
        assert reached.max() <= 1
        assert np.mean(strengths) == pytest.approx((low + high) / 2, abs=0.05 * (high - low))


def test_which_images_meet_one_says_nothing_of_the_others(met):
    numbers = tf.range(1000, dtype=tf.float32)[:, tf.newaxis, tf.newaxis, tf.newaxis] / 1000
    robustness.degrade(tf.tile(numbers, [1, 1, 1, 3]), tf.constant([1, 2]))
    chosen = [set(images[:, 0, 0, 0]) for images, _ in met.values()]
    for one, other in itertools.combinations(chosen, 2):
        assert 200 < len(one & other) < 300


def test_one_in_sixteen_stays_as_it_was_and_all_stay_in_range():
    images = np.random.default_rng(1).random((256, 32, 32, 3), np.float32)
    images[:, :8], images[:, 8:16] = 0.0, 1.0
    degraded = robustness.degrade(tf.constant(images), tf.constant([1, 2])).numpy()
    same = sum(np.array_equal(*pair) for pair in zip(degraded, images, strict=True))
    assert 4 <= same <= 32
    assert degraded.min() >= 0.0
    assert degraded.max() <= 1.0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_may_be_small(count):
    """Also so small that a change meets none of its images."""
    images = tf.random.stateless_uniform([count, 32, 32, 3], [1, 2])
    for number in range(20):
        assert robustness.degrade(images, tf.constant([number, 0])).shape == images.shape
