"""What a header alone rules out, in the graph as at the import."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components import preprocessing
from data.images.decode_check import Limits, inspect_image
from data.images.shape import MOST_PIXELS
from data.quarantine import RejectedImageError


def encode(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(height=80, width=80) -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8))


def declared_png(width: int, height: int) -> bytes:
    """A PNG that says it is so large and holds next to nothing."""

    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


def declared_jpeg(width: int, height: int) -> bytes:
    encoded = bytearray(encode(noise(), "JPEG"))
    place = encoded.index(b"\xff\xc0")
    encoded[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(encoded)


REFUSED = {
    "animated PNG": (
        encode(noise(), "PNG", save_all=True, append_images=[noise()]),
        "animated",
        r"Expected a single picture, received an animated PNG",
    ),
    "CMYK": (
        encode(noise().convert("CMYK"), "JPEG"),
        "four_colours",
        r"in RGB or grey, received one of four colours",
    ),
    "large PNG": (
        declared_png(60_000, 60_000),
        "too_large",
        rf"at most {MOST_PIXELS} pixels, received one of 60000 x 60000",
    ),
    "largest PNG": (declared_png(2**31 - 1, 2**31 - 1), "too_large", rf"at most {MOST_PIXELS} pixels"),
    "large JPEG": (
        declared_jpeg(65_000, 60_000),
        "too_large",
        rf"at most {MOST_PIXELS} pixels, received one of 65000 x 60000",
    ),
    "small JPEG": (
        encode(noise(63, 90), "JPEG"),
        "too_small",
        r"shorter side of at least 64 pixels, received one of 90 x 63",
    ),
    "small PNG": (
        encode(noise(90, 63), "PNG"),
        "too_small",
        r"shorter side of at least 64 pixels, received one of 63 x 90",
    ),
    "GIF": (
        encode(noise(), "GIF"),
        "unsupported_format",
        r"Expected a JPEG or PNG image, received a GIF, BMP, WebP or JPEG XL",
    ),
    "BMP": (
        encode(noise(), "BMP"),
        "unsupported_format",
        r"Expected a JPEG or PNG image, received a GIF, BMP, WebP or JPEG XL",
    ),
    "WebP": (
        encode(noise(), "WEBP"),
        "unsupported_format",
        r"Expected a JPEG or PNG image, received a GIF, BMP, WebP or JPEG XL",
    ),
    "text": (b"Dear Sir or Madam, " * 20, "not_an_image", r"Unknown image file format"),
    "nothing": (b"", None, r"."),
    "half a JPEG": (encode(noise(), "JPEG")[:-900], "truncated", r"."),
    "half a PNG": (encode(noise(), "PNG")[:-900], "truncated", r"."),
    "a PNG's first bytes": (encode(noise(), "PNG")[:20], "truncated", r"."),
    "a JPEG's first bytes": (encode(noise(), "JPEG")[:20], "truncated", r"."),
}


@tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
def decode_in_graph(encoded):
    return preprocessing.decode_and_resize(encoded, 32, 64)


@pytest.mark.parametrize("name", REFUSED)
def test_graph_and_import_refuse_the_same(name):
    encoded, reason, message = REFUSED[name]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decode_in_graph([encoded])
    with pytest.raises(RejectedImageError) as caught:
        inspect_image(encoded, Limits())
    if reason:
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    "encoded",
    [
        encode(noise(), "JPEG"),
        encode(noise(), "PNG"),
        encode(noise(64, 190), "JPEG"),
        encode(noise().convert("P"), "PNG"),
    ],
)
def test_graph_and_import_accept_the_same(encoded):
    assert preprocessing.decode_and_resize(tf.constant([encoded]), 32, 64).shape == (1, 32, 32, 3)
    assert inspect_image(encoded, Limits()).width >= 64


def test_a_large_image_is_refused_before_it_is_decoded(monkeypatch):
    decoded = []
    monkeypatch.setattr(tf.io, "decode_image", lambda *_, **__: decoded.append(1))
    with pytest.raises(tf.errors.InvalidArgumentError):
        preprocessing.decode(tf.constant(declared_png(60_000, 60_000)))
    assert not decoded
