"""Each kind of bad file gets its reason; good ones get the right facts."""

import contextlib
import hashlib
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from data.decode_check import Limits, decode_rgb, inspect_file
from data.quarantine import REASONS, RejectedImageError


def _png_header(width, height):
    """A PNG file of a few dozen bytes that claims any size."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def _jpeg_with_height(encoded, height):
    start = encoded.index(b"\xff\xc0")
    return encoded[: start + 5] + struct.pack(">H", height) + encoded[start + 7 :]


def _scrambled(encoded):
    return encoded[:80] + bytes(byte ^ 0x55 for byte in encoded[80:-30]) + encoded[-30:]


def _reason(tmp_path, content, limits=None):
    path = tmp_path / "image.jpg"
    path.write_bytes(content)
    with pytest.raises(RejectedImageError) as caught:
        inspect_file(str(path), limits or Limits())
    assert caught.value.reason in REASONS
    assert caught.value.detail
    return caught.value.reason


def test_facts_of_a_jpeg(tmp_path, picture, encode):
    content = encode(picture(1)[:40], quality=83)
    (tmp_path / "a.jpg").write_bytes(content)
    facts = inspect_file(str(tmp_path / "a.jpg"), Limits())
    assert (facts.format, facts.width, facts.height, facts.channels) == ("jpeg", 64, 40, 3)
    assert facts.jpeg_quality == 83
    assert facts.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("mode", "channels"), [("L", 1), ("LA", 2), ("RGB", 3), ("P", 3), ("RGBA", 4), ("1", 1), ("I;16", 1)]
)
def test_every_kind_of_png_is_kept_even_under_a_wrong_name(tmp_path, picture, mode, channels):
    if mode == "I;16":
        image = Image.fromarray(np.full((64, 64), 30000, np.uint16))
    else:
        image = Image.fromarray(picture(1)).convert(mode)
    image.save(tmp_path / "a.jpg", "PNG")
    facts = inspect_file(str(tmp_path / "a.jpg"), Limits())
    assert (facts.format, facts.channels, facts.jpeg_quality) == ("png", channels, 0)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("CMYK", 4)])
def test_grey_and_cmyk_jpegs_are_kept(tmp_path, picture, mode, channels):
    Image.fromarray(picture(1)).convert(mode).save(tmp_path / "a.jpg")
    facts = inspect_file(str(tmp_path / "a.jpg"), Limits())
    assert (facts.format, facts.channels) == ("jpeg", channels)


def test_a_jpeg_with_further_pictures_is_a_jpeg(tmp_path, picture):
    first, second = (Image.fromarray(picture(seed)) for seed in (1, 2))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert inspect_file(str(tmp_path / "a.jpg"), Limits()).format == "jpeg"


def test_decoding_keeps_shape_and_range(picture, encode):
    pixels = decode_rgb(encode(picture(1)[:40], "PNG"))
    np.testing.assert_array_equal(pixels, picture(1)[:40])
    assert pixels.dtype == np.uint8


def test_empty(tmp_path):
    assert _reason(tmp_path, b"") == "empty"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_truncated(tmp_path, picture, encode, image_format, share):
    content = encode(picture(1), image_format)
    assert _reason(tmp_path, content[: int(len(content) * share)]) == "truncated"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_corrupt(tmp_path, picture, encode, image_format):
    content = _scrambled(encode(picture(1), image_format))
    assert _reason(tmp_path, content) == "corrupt"


def test_text_named_jpg(tmp_path):
    assert _reason(tmp_path, b"<html>404 not found</html>" * 20) == "not_an_image"


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "BMP", "TIFF"])
def test_other_formats(tmp_path, picture, encode, image_format):
    assert _reason(tmp_path, encode(picture(1), image_format)) == "unsupported_format"


def test_no_pixels(tmp_path, picture, encode):
    assert _reason(tmp_path, _png_header(0, 5)) == "zero_pixels"
    assert _reason(tmp_path, _jpeg_with_height(encode(picture(1)), 0)) == "zero_pixels"


def test_an_oversized_header_is_refused_before_anything_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("data.decode_check.decode_rgb", lambda encoded: pytest.fail("decoded"))
    assert _reason(tmp_path, _png_header(40_000, 40_000)) == "too_large"
    # Between Pillow's warning (89 Mpx) and its error (179 Mpx), also where warnings are errors.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _reason(tmp_path, _png_header(10_000, 10_000)) == "too_large"
    assert _reason(tmp_path, _png_header(9_000, 8_000)) == "too_large"


def test_too_many_bytes(tmp_path, picture, encode):
    assert _reason(tmp_path, encode(picture(1)), Limits(max_bytes=100)) == "too_large"


def test_links(tmp_path, picture, encode):
    (tmp_path / "a.jpg").write_bytes(encode(picture(1)))
    (tmp_path / "good.jpg").symlink_to("a.jpg")
    (tmp_path / "dead.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    assert inspect_file(str(tmp_path / "good.jpg"), Limits()).format == "jpeg"
    for name in ("dead.jpg", "loop.jpg"):
        with pytest.raises(RejectedImageError, match="broken_link"):
            inspect_file(str(tmp_path / name), Limits())


def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(RejectedImageError, match="unreadable: neither a regular file"):
        inspect_file(str(tmp_path / "pipe.jpg"), Limits())


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"x")

    def deny(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(
        "builtins.open", deny
    )  # Root may read everything, so permissions alone prove nothing.
    with pytest.raises(RejectedImageError, match="unreadable: Permission denied"):
        inspect_file(str(tmp_path / "a.jpg"), Limits())


def test_random_bytes_after_a_signature_never_escape_as_other_errors(tmp_path, picture, encode):
    rng = np.random.default_rng(0)
    for image_format in ("JPEG", "PNG"):
        whole = encode(picture(1), image_format)
        for _ in range(60):
            broken = bytearray(whole)
            for position in rng.integers(2, len(broken), 8):
                broken[position] = rng.integers(256)
            (tmp_path / "a.jpg").write_bytes(broken)
            with contextlib.suppress(RejectedImageError):
                inspect_file(str(tmp_path / "a.jpg"), Limits())
