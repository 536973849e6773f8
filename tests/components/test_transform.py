"""The transformed records, out of the graph that Transform saved: nothing is lost on the way."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components import preprocessing
from components.transform import IMAGE_PNG, LABEL, pixels_from_png
from data.example import encode as encode_record

SIZE = 32


@pytest.fixture(scope="module")
def images(picture, encode):
    return [
        encode(picture(0, 1)),
        encode(picture(1, 2, 90, 20), "JPEG"),
        encode(picture(1, 3)[..., 0]),
    ]


@pytest.fixture(scope="module")
def transformed(images, record, transform_graph):
    serialized = [encode_record(record(image, label)) for image, label in zip(images, (0, 1, 1), strict=True)]
    raw = tf.io.parse_example(serialized, transform_graph.raw_feature_spec())
    return transform_graph.transform_raw_features(raw)


def test_image_and_label_come_out_and_nothing_else(transformed):
    assert set(transformed) == {IMAGE_PNG, LABEL}
    assert transformed[LABEL].dtype == tf.int64
    np.testing.assert_array_equal(transformed[LABEL], [0, 1, 1])


def test_the_records_can_be_read_by_the_spec_that_transform_states(transform_graph):
    spec = transform_graph.transformed_feature_spec()
    assert spec[IMAGE_PNG] == tf.io.FixedLenFeature([], tf.string)
    assert spec[LABEL] == tf.io.FixedLenFeature([], tf.int64)


def test_the_png_holds_exactly_the_resized_pixels(transformed, images):
    expected = preprocessing.decode_and_resize(tf.constant(images), SIZE).numpy()
    by_pillow = [np.asarray(Image.open(io.BytesIO(png))) for png in transformed[IMAGE_PNG].numpy()]
    np.testing.assert_array_equal(by_pillow, expected)
    np.testing.assert_array_equal(pixels_from_png(transformed[IMAGE_PNG], SIZE), expected)


def test_the_pixels_are_those_of_pillow(transformed, images):
    for png, image in zip(transformed[IMAGE_PNG].numpy(), images, strict=True):
        expected = (
            Image.open(io.BytesIO(image)).convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        )
        difference = np.asarray(Image.open(io.BytesIO(png)), int) - np.asarray(expected, int)
        # TensorFlow's JPEG decoder takes a faster cosine transform.
        assert np.abs(difference).max() <= 6


def test_a_png_of_another_size_is_refused(picture, encode):
    with pytest.raises(tf.errors.InvalidArgumentError):
        pixels_from_png(tf.constant([encode(picture(0, 1, 16, 16))]), SIZE)
