"""The estimate is exact for encoders with the standard tables."""

import io

import pytest
from PIL import Image

from data.images.jpeg_quality import estimate_quality


@pytest.mark.parametrize("quality", range(1, 101))
def test_pillows_qualities_are_recovered(picture, encode, quality):
    with Image.open(io.BytesIO(encode(picture(0, 16), quality=quality))) as image:
        assert estimate_quality(image.quantization) == quality


def test_tensorflows_quality_is_recovered(picture):
    import tensorflow as tf

    encoded = tf.io.encode_jpeg(picture(0), quality=71).numpy()
    with Image.open(io.BytesIO(encoded)) as image:
        assert estimate_quality(image.quantization) == 71


def test_tables_of_their_own_get_the_nearest_quality(picture, encode):
    with Image.open(io.BytesIO(encode(picture(0), quality=60))) as image:
        near = [value + number % 2 for number, value in enumerate(image.quantization[0])]
    assert abs(estimate_quality({0: near}) - 60) <= 2


def test_no_table_gives_zero():
    assert estimate_quality({}) == 0
