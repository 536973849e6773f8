"""The transformed records, out of the graph that Transform saved: nothing is lost on the way."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components import preprocessing
from components.transform import IMAGE_PNG, LABEL, SYNTHETIC, pixels_from_png, preprocessing_fn
from data.example import IMAGE_KEY, LABEL_KEY, MAKER_KEY
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


def test_image_label_and_maker_come_out_and_nothing_else(transformed):
    assert set(transformed) == {IMAGE_PNG, LABEL, SYNTHETIC}
    assert transformed[LABEL].dtype == tf.int64
    np.testing.assert_array_equal(transformed[LABEL], [0, 1, 1])


def test_the_records_can_be_read_by_the_spec_that_transform_states(transform_graph):
    spec = transform_graph.transformed_feature_spec()
    assert spec[IMAGE_PNG] == tf.io.FixedLenFeature([], tf.string)
    assert spec[LABEL] == tf.io.FixedLenFeature([], tf.int64)
    assert spec[SYNTHETIC] == tf.io.FixedLenFeature([], tf.string)


def _made(serialized: bytes, maker: str) -> bytes:
    message = tf.train.Example.FromString(serialized)
    message.features.feature[MAKER_KEY].bytes_list.value.append(maker.encode())
    return message.SerializeToString()


@pytest.mark.parametrize("makers", [("", "", ""), ("", "blend", ""), ("control", "blend", "blend")])
def test_the_maker_of_a_synthetic_image_goes_with_it(makers, images, record, transform_graph):
    plain = [encode_record(record(image, 1)) for image in images]
    serialized = [_made(one, maker) if maker else one for one, maker in zip(plain, makers, strict=True)]
    raw = tf.io.parse_example(serialized, transform_graph.raw_feature_spec())
    found = transform_graph.transform_raw_features(raw)[SYNTHETIC]
    assert [one.decode() for one in found.numpy()] == list(makers)


def test_a_schema_that_is_older_than_synthetic_images_has_none(images):
    inputs = {
        IMAGE_KEY: tf.constant(images)[:, tf.newaxis],
        LABEL_KEY: tf.constant([[0], [1], [1]], tf.int64),
    }
    found = preprocessing_fn(inputs, {"image_size": SIZE})[SYNTHETIC]
    assert found.numpy().tolist() == [b"", b"", b""]


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
