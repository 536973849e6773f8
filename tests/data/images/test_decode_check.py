"""Each kind of bad file gets its reason; good ones get the right facts."""

import contextlib
import hashlib
import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from data.file_reading import read_file
from data.images.cues import measure_pixels
from data.images.decode_check import Limits, decode_rgb, inspect_image
from data.images.perceptual_hash import perceptual_hashes
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


def _reason(content, limits=None):
    with pytest.raises(RejectedImageError) as caught:
        inspect_image(content, limits or Limits())
    assert caught.value.reason in REASONS
    assert caught.value.detail
    return caught.value.reason


def test_facts_of_a_jpeg(picture, encode):
    content = encode(picture(1, 100)[:70], quality=83)
    facts = inspect_image(content, Limits())
    assert (facts.format, facts.width, facts.height, facts.channels) == ("jpeg", 100, 70, 3)
    assert facts.jpeg_quality == 83
    assert facts.bytes == len(content)
    with Image.open(io.BytesIO(content)) as image:
        assert facts.quantisation == pytest.approx(np.mean(list(image.quantization.values())), abs=1e-3)
    assert facts.cues == measure_pixels(decode_rgb(content))
    assert (facts.perceptual_hash, facts.cropped_hashes) == perceptual_hashes(decode_rgb(content))
    assert facts.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("mode", "channels"), [("L", 1), ("LA", 2), ("RGB", 3), ("P", 3), ("RGBA", 4), ("1", 1), ("I;16", 1)]
)
def test_every_kind_of_png_is_kept_where_grey_is_allowed(picture, mode, channels):
    if mode == "I;16":
        image = Image.fromarray(np.full((64, 64), 30000, np.uint16))
    else:
        image = Image.fromarray(picture(1)).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    facts = inspect_image(buffer.getvalue(), Limits(grey_allowed=True))
    assert (facts.format, facts.channels, facts.jpeg_quality, facts.quantisation) == ("png", channels, 0, 0.0)


def test_grey_jpegs_are_kept_where_grey_is_allowed(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture(1)).convert("L").save(buffer, "JPEG")
    facts = inspect_image(buffer.getvalue(), Limits(grey_allowed=True))
    assert (facts.format, facts.channels) == ("jpeg", 1)


def test_a_jpeg_with_further_pictures_is_a_jpeg(picture):
    first, second = (Image.fromarray(picture(seed)) for seed in (1, 2))
    buffer = io.BytesIO()
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    assert inspect_image(buffer.getvalue(), Limits()).format == "jpeg"


def test_decoding_keeps_shape_and_range(picture, encode):
    pixels = decode_rgb(encode(picture(1)[:40], "PNG"))
    np.testing.assert_array_equal(pixels, picture(1)[:40])
    assert pixels.dtype == np.uint8


def test_empty(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(RejectedImageError, match="empty: 0 bytes"):
        read_file(str(tmp_path / "a.jpg"), 100)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_truncated(picture, encode, image_format, share):
    content = encode(picture(1), image_format)
    assert _reason(content[: int(len(content) * share)]) == "truncated"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_corrupt(picture, encode, image_format):
    content = _scrambled(encode(picture(1), image_format))
    assert _reason(content) == "corrupt"


def test_text_named_jpg():
    assert _reason(b"<html>404 not found</html>" * 20) == "not_an_image"


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "BMP", "TIFF"])
def test_other_formats(picture, encode, image_format):
    assert _reason(encode(picture(1), image_format)) == "unsupported_format"


def test_no_pixels(picture, encode):
    assert _reason(_png_header(0, 5)) == "zero_pixels"
    assert _reason(_jpeg_with_height(encode(picture(1)), 0)) == "zero_pixels"


def test_an_oversized_header_is_refused_before_anything_is_decoded(monkeypatch):
    monkeypatch.setattr("data.images.decode_check.decode_rgb", lambda encoded: pytest.fail("decoded"))
    assert _reason(_png_header(40_000, 40_000)) == "too_large"
    # Between Pillow's warning (89 Mpx) and its error (179 Mpx), also where warnings are errors.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _reason(_png_header(10_000, 10_000)) == "too_large"
    assert _reason(_png_header(9_000, 8_000)) == "too_large"


def test_too_many_bytes(tmp_path, picture, encode):
    content = encode(picture(1))
    (tmp_path / "a.jpg").write_bytes(content)
    assert read_file(str(tmp_path / "a.jpg"), len(content)) == content
    with pytest.raises(RejectedImageError, match=f"too_large: {len(content)} bytes, at most"):
        read_file(str(tmp_path / "a.jpg"), len(content) - 1)


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [(63, 64, "too_small"), (64, 63, "too_small"), (64, 193, "extreme_aspect"), (193, 64, "extreme_aspect")],
)
def test_small_and_narrow_images_are_refused_before_anything_is_decoded(
    picture, encode, monkeypatch, width, height, reason
):
    content = encode(picture(1, 193)[:height, :width])
    monkeypatch.setattr("data.images.decode_check.decode_rgb", lambda encoded: pytest.fail("decoded"))
    assert _reason(content) == reason


@pytest.mark.parametrize("shape", [(64, 64), (64, 192), (192, 64)])
def test_what_is_just_large_and_wide_enough_is_kept(picture, encode, shape):
    facts = inspect_image(encode(picture(1, 192)[: shape[0], : shape[1]]), Limits())
    assert (facts.height, facts.width) == shape


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_is_refused_unless_it_is_allowed(picture, mode):
    buffer = io.BytesIO()
    Image.fromarray(picture(1)).convert(mode).save(buffer, "PNG")
    assert _reason(buffer.getvalue()) == "grey"


def test_the_smallest_face_is_a_setting(picture, encode):
    assert _reason(encode(picture(1, 80)), Limits(smallest_face=81)) == "too_small"
    assert inspect_image(encode(picture(1, 1)), Limits(smallest_face=1)).width == 1


def test_links(tmp_path, picture, encode):
    (tmp_path / "a.jpg").write_bytes(encode(picture(1)))
    (tmp_path / "good.jpg").symlink_to("a.jpg")
    (tmp_path / "dead.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    assert read_file(str(tmp_path / "good.jpg"), 10**6) == encode(picture(1))
    for name in ("dead.jpg", "loop.jpg"):
        with pytest.raises(RejectedImageError, match="broken_link"):
            read_file(str(tmp_path / name), 100)


def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(RejectedImageError, match="unreadable: neither a regular file"):
        read_file(str(tmp_path / "pipe.jpg"), 100)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"x")

    def deny(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(
        "builtins.open", deny
    )  # Root may read everything, so permissions alone prove nothing.
    with pytest.raises(RejectedImageError, match="unreadable: Permission denied"):
        read_file(str(tmp_path / "a.jpg"), 100)


def test_random_bytes_after_a_signature_never_escape_as_other_errors(picture, encode):
    rng = np.random.default_rng(0)
    for image_format in ("JPEG", "PNG"):
        whole = encode(picture(1), image_format)
        for _ in range(60):
            broken = bytearray(whole)
            for position in rng.integers(2, len(broken), 8):
                broken[position] = rng.integers(256)
            with contextlib.suppress(RejectedImageError):
                inspect_image(bytes(broken), Limits(smallest_face=1, grey_allowed=True))
