"""Pixels against Pillow's and numpy's, eagerly and inside tf.data."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components import preprocessing


def eagerly(function, value):
    return function(tf.constant(value)).numpy()


def inside_tf_data(function, value):
    return next(iter(tf.data.Dataset.from_tensors(value).map(function))).numpy()


def assert_equal_but_for_the_decoder(pixels, by_pillow):
    """TensorFlow's JPEG decoder takes a faster cosine transform: a few levels here and there."""
    difference = np.abs(pixels.astype(int) - by_pillow.astype(int))
    assert difference.max() <= 6
    assert difference.mean() <= 1.5


both_ways = pytest.mark.parametrize("run", [eagerly, inside_tf_data])


@both_ways
@pytest.mark.parametrize(("height", "width"), [(40, 48), (1, 1), (33, 7)])
def test_a_png_is_decoded_to_its_pixels(run, picture, encode, height, width):
    pixels = picture(0, 1, height, width)
    decoded = run(preprocessing.decode, encode(pixels))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, pixels)


@both_ways
def test_a_jpeg_is_decoded_as_pillow_does(run, picture, encode):
    encoded = encode(picture(1, 1), "JPEG", quality=90)
    by_pillow = np.asarray(Image.open(io.BytesIO(encoded)))
    assert_equal_but_for_the_decoder(run(preprocessing.decode, encoded), by_pillow)


@both_ways
@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_a_grey_image_becomes_three_equal_channels(run, picture, encode, image_format):
    encoded = encode(picture(0, 1)[..., 0], image_format)
    by_pillow = np.asarray(Image.open(io.BytesIO(encoded)))
    decoded = run(preprocessing.decode, encoded)
    assert decoded.shape == (40, 48, 3)
    np.testing.assert_array_equal(decoded, np.repeat(decoded[..., :1], 3, axis=-1))
    assert_equal_but_for_the_decoder(decoded[..., 0], by_pillow)


def test_transparency_is_dropped(picture, encode):
    pixels = picture(0, 1)
    alpha = np.full((*pixels.shape[:2], 1), 128, np.uint8)
    decoded = preprocessing.decode(tf.constant(encode(np.concatenate([pixels, alpha], axis=-1))))
    np.testing.assert_array_equal(decoded, pixels)


@both_ways
@pytest.mark.parametrize(
    "damage", [lambda encoded: b"", lambda encoded: b"no image", lambda encoded: encoded[:200]]
)
@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_what_is_no_complete_image_is_refused(run, damage, picture, encode, image_format):
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(preprocessing.decode, damage(encode(picture(0, 1), image_format)))


@both_ways
@pytest.mark.parametrize(("height", "width"), [(32, 32), (256, 256), (150, 61), (20, 24), (1, 1)])
def test_an_image_is_resized_as_pillow_does(run, height, width):
    # Noise of single pixels: without antialiasing a reduction would differ by tens.
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    by_pillow = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BILINEAR), int)
    resized = run(lambda one: preprocessing.resize(one, 32), pixels)
    assert resized.dtype == np.uint8
    difference = resized.astype(int) - by_pillow
    assert np.abs(difference).max() <= 1
    assert abs(difference.mean()) <= 0.1, "rounded, not cut off"


def test_an_image_of_the_right_size_stays_as_it_is():
    pixels = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    np.testing.assert_array_equal(preprocessing.resize(tf.constant(pixels), 32), pixels)


@both_ways
def test_eight_bits_become_shares_of_255(run):
    every_value = np.arange(256, dtype=np.uint8)
    normalised = run(preprocessing.normalise, every_value)
    assert normalised.dtype == np.float32
    np.testing.assert_array_equal(normalised, every_value.astype(np.float32) / np.float32(255))
    assert (normalised.min(), normalised.max()) == preprocessing.VALUE_RANGE


@both_ways
def test_a_batch_may_hold_images_of_any_size_and_format(run, picture, encode):
    pictures = [picture(0, 1), picture(1, 2, 20, 90), picture(1, 3, 32, 32)]
    batch = [encode(one) for one in pictures]
    resized = run(lambda encoded: preprocessing.decode_and_resize(encoded, 32), batch)
    expected = [preprocessing.resize(tf.constant(one), 32).numpy() for one in pictures]
    np.testing.assert_array_equal(resized, expected)


def test_an_empty_batch_stays_empty():
    resized = preprocessing.decode_and_resize(tf.constant([], tf.string), 32)
    assert resized.shape == (0, 32, 32, 3)
