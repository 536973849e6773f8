"""The EXIF orientation as a graph, as the import reads it, and as Pillow turns it: three that must agree."""

import io
import random
import struct

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from components import orientation, preprocessing
from data.images import orientation as in_python
from data.images.decode_check import decode_rgb, read_header


@tf.function(input_signature=[tf.TensorSpec((), tf.string)])
def orientation_in_graph(encoded):
    return orientation.exif_orientation(encoded)


def photo(tag=None, kind="JPEG", height=40, width=64) -> bytes:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = 250  # the corner that is upper left as stored
    pixels[height // 2 :, : width // 2, 0] = 200
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    if tag is not None:
        exif[0x0112] = tag
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, exif=exif, quality=95)
    return buffer.getvalue()


def tiff(order: str, entries: list[tuple[int, int, int, int]], directory: int = 8) -> bytes:
    """An EXIF directory of (tag, type, count, value) with a value of two bytes."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, directory)
    lines = [struct.pack(f"{order}HHIHH", *entry, 0) for entry in entries]
    return head.ljust(directory, b"\0") + struct.pack(f"{order}H", len(lines)) + b"".join(lines) + b"\0\0\0\0"


def jpeg_with(segments: list[tuple[int, bytes]]) -> bytes:
    plain = io.BytesIO()
    Image.new("RGB", (64, 40), "red").save(plain, "JPEG")
    parts = [struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in segments]
    return b"\xff\xd8" + b"".join(parts) + plain.getvalue()[2:]


@pytest.mark.parametrize("tag", range(1, 9))
def test_each_orientation_is_what_pillow_makes_of_it(tag):
    encoded = photo(tag)
    with Image.open(io.BytesIO(encoded)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)

    assert in_python.exif_orientation(encoded) == tag
    assert int(orientation_in_graph(encoded)) == tag
    served = preprocessing.decode(tf.constant(encoded)).numpy()
    assert np.array_equal(served, decode_rgb(encoded))
    assert served.shape == expected.shape
    assert np.abs(served - expected).max() <= 40  # two JPEG decoders; turned wrongly, it would be 250
    header = read_header(encoded, 10**6)
    assert (header.height, header.width) == served.shape[:2]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([(0x0112, 3, 1, 6)], 6),
        ([(0x010F, 2, 1, 0), (0x0112, 3, 1, 8), (0x0112, 3, 1, 2)], 8),
        ([(0x0112, 3, 1, 0)], 1),
        ([(0x0112, 3, 1, 9)], 1),
        ([(0x0112, 4, 1, 6)], 1),
        ([], 1),
    ],
)
@pytest.mark.parametrize("directory", [8, 30])
def test_directories_written_by_hand(order, entries, expected, directory):
    encoded = jpeg_with([(0xE0, b"JFIF\0" + bytes(9)), (0xE1, b"Exif\0\0" + tiff(order, entries, directory))])
    assert in_python.exif_orientation(encoded) == expected
    assert int(orientation_in_graph(encoded)) == expected


def test_only_the_first_exif_segment_counts_and_only_before_the_image():
    other = (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    first, second = ((0xE1, b"Exif\0\0" + tiff(">", [(0x0112, 3, 1, tag)])) for tag in (3, 5))
    for segments, expected in (([other, first, second], 3), ([other], 1), ([], 1)):
        encoded = jpeg_with(segments)
        assert in_python.exif_orientation(encoded) == int(orientation_in_graph(encoded)) == expected
    behind = jpeg_with([])[:-2] + first[1]
    assert in_python.exif_orientation(behind) == int(orientation_in_graph(behind)) == 1


def test_a_png_is_shown_as_it_is():
    encoded = photo(6, "PNG")
    assert in_python.exif_orientation(encoded) == int(orientation_in_graph(encoded)) == 1
    assert preprocessing.decode(tf.constant(encoded)).shape == (40, 64, 3)


def test_a_directory_that_points_anywhere_is_upright():
    for offset in (0, 9, 2**16, 2**31, 2**32 - 1):
        encoded = jpeg_with([(0xE1, b"Exif\0\0MM\0*" + struct.pack(">I", offset))])
        assert in_python.exif_orientation(encoded) == int(orientation_in_graph(encoded)) == 1


_MUTATED = jpeg_with([(0xE1, b"Exif\0\0" + tiff("<", [(0x0100, 3, 1, 7), (0x0112, 3, 1, 6)]))])


@settings(max_examples=300)
@given(seed=st.integers(0, 2**32), cut=st.integers(0, 90))
def test_both_read_damaged_heads_alike(seed, cut):
    drawn = random.Random(seed)  # noqa: S311 - no secret
    damaged = bytearray(_MUTATED[:90][: 90 - cut])
    for _ in range(drawn.randint(0, 3)):
        if damaged:
            damaged[drawn.randrange(len(damaged))] = drawn.choice(
                (0, 1, 6, 8, 0x12, 0xE1, 0xFF, drawn.randrange(256))
            )
    encoded = bytes(damaged)
    assert in_python.exif_orientation(encoded) == int(orientation_in_graph(encoded))
