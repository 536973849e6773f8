"""Which slices an image is in, and what they are called."""

import pytest

from components.evaluator.slices import BUILT_IN, slice_name, slice_parts, slice_values


def test_a_plain_record(record):
    values = slice_values(record(b"", 0, columns={"camera": "phone", "span": "wide"}))
    assert values == {
        "source": "faces",
        "method": "none",
        "format": "png",
        "size": "1-63",
        "jpeg_quality": "none",
        "span": "1",
        "camera": "phone",
        # A column may be called like a slice that is there anyway.
        "slice/span": "wide",
    }
    assert set(BUILT_IN) <= set(values)


@pytest.mark.parametrize(
    ("side", "bucket"),
    [
        (1, "1-63"),
        (63, "1-63"),
        (64, "64-127"),
        (127, "64-127"),
        (128, "128-255"),
        (256, "256-511"),
        (1023, "512-1023"),
        (1024, "1024+"),
        (90_000, "1024+"),
    ],
)
def test_size_is_that_of_the_shorter_side(record, side, bucket):
    assert slice_values(record(b"", 0, width=side, height=90_000))["size"] == bucket
    assert slice_values(record(b"", 0, width=90_000, height=side))["size"] == bucket


@pytest.mark.parametrize(
    ("quality", "bucket"),
    [
        (0, "none"),
        (1, "1-49"),
        (49, "1-49"),
        (50, "50-69"),
        (69, "50-69"),
        (70, "70-89"),
        (89, "70-89"),
        (90, "90-100"),
        (100, "90-100"),
    ],
)
def test_quality(record, quality, bucket):
    assert slice_values(record(b"", 0, jpeg_quality=quality))["jpeg_quality"] == bucket


def test_values_are_text_that_can_be_written(record):
    values = slice_values(record(b"", 0, source="d\udce9p\u00f4t", columns={"camera": "\udcff"}))
    assert values["source"] == "d\ufffdp\u00f4t"
    assert values["camera"] == "\ufffd"


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [("size", "128-255", "size=128-255"), ("camera", "", "camera=(empty)"), ("camera", "a=b", "camera=a=b")],
)
def test_names_and_back(key, value, name):
    assert slice_name(key, value) == name
    assert slice_parts(name) == (key, value)
