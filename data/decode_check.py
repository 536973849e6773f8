"""Looking at one image: can it be used, and what is it?

Two decoders see each file. Pillow reads the header only, which costs nothing and refuses oversized images
before a pixel is decoded. Then TensorFlow decodes the whole image once, with the very operation that training
and serving use, so that nothing kept here fails there.
"""

import hashlib
import io
import os
import re
import stat
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

from data.jpeg_quality import estimate_quality
from data.perceptual_hash import perceptual_hash
from data.quarantine import RejectedImageError

_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"

# Only to name what was received; none of these is ever decoded.
_OTHER_FORMATS = ("GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO", "JPEG2000", "TGA", "AVIF", "PSD")

# Some phones append further pictures to a JPEG. Pillow calls that MPO; every decoder shows the first picture.
_FORMAT_NAMES = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png"}


@dataclass(frozen=True)
class Limits:
    """What is too large: pixels (width times height) and bytes of a file."""

    max_pixels: int = 64 * 1024 * 1024
    max_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an image that can be used; the fields are those of :class:`data.example.Record`.

    ``perceptual_hash`` is the hash of :mod:`data.perceptual_hash`, in hexadecimal digits.
    """

    sha256: str
    format: str
    width: int
    height: int
    channels: int
    jpeg_quality: int
    perceptual_hash: str


def inspect_file(path: str, limits: Limits) -> ImageFacts:
    """Reads and checks one image file.

    Raises:
        RejectedImageError: it cannot be used; its ``reason`` is a key of ``data.quarantine.REASONS``.
    """
    encoded = read_file(path, limits.max_bytes)
    format_name, width, height, channels, quality = _read_header(encoded)
    if width * height > limits.max_pixels:
        raise RejectedImageError("too_large", f"{width}x{height} pixels, at most {limits.max_pixels} allowed")
    return ImageFacts(
        sha256=hashlib.sha256(encoded).hexdigest(),
        format=format_name,
        width=width,
        height=height,
        channels=channels,
        jpeg_quality=quality,
        perceptual_hash=perceptual_hash(decode_rgb(encoded)),
    )


def read_file(path: str, max_bytes: int) -> bytes:
    """Returns the bytes of a regular file.

    Raises:
        RejectedImageError: with reason broken_link, unreadable, empty or too_large.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            # Opening a named pipe or a device could wait for ever.
            raise RejectedImageError("unreadable", "neither a regular file nor a link to one")
        if status.st_size > max_bytes:
            raise RejectedImageError("too_large", f"{status.st_size} bytes, at most {max_bytes} allowed")
        with open(path, "rb") as file:
            encoded = file.read()
    except OSError as error:
        is_dead_link = os.path.islink(path) and not os.path.exists(path)
        reason = "broken_link" if is_dead_link else "unreadable"
        raise RejectedImageError(reason, error.strerror or str(error)) from error
    if not encoded:
        raise RejectedImageError("empty", "0 bytes")
    return encoded


def decode_rgb(encoded: bytes) -> np.ndarray:
    """Decodes a JPEG or PNG the way training and serving do: ``tf.io.decode_image(…, channels=3)``.

    Alpha is dropped, grey is repeated, 16 bits are reduced to 8, EXIF orientation is ignored.

    Returns:
        uint8 array [height, width, 3], values 0 to 255.

    Raises:
        RejectedImageError: with reason truncated or corrupt.
    """
    import tensorflow as tf

    try:
        return tf.io.decode_image(encoded, channels=3, expand_animations=False).numpy()
    except tf.errors.OpError as error:
        raise _damaged(encoded, _cause(error.message)) from error


def _read_header(encoded: bytes) -> tuple[str, int, int, int, int]:
    """Returns format, width, height, channels and JPEG quality (0 for PNG) without decoding any pixel."""
    try:
        with Image.open(io.BytesIO(encoded), formats=("JPEG", "PNG")) as image:
            width, height = image.size
            quality = estimate_quality(image.quantization) if image.format in ("JPEG", "MPO") else 0
            return _FORMAT_NAMES[image.format], width, height, _channels(image), quality
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RejectedImageError("too_large", str(error)) from error
    except UnidentifiedImageError:
        raise _unidentified(encoded) from None
    except (OSError, SyntaxError, ValueError) as error:  # What Pillow's parsers raise on damaged headers.
        raise _damaged(encoded, str(error)) from error


def _channels(image: Image.Image) -> int:
    if image.mode == "P":  # A palette: TensorFlow, too, looks the colours up.
        return 4 if "transparency" in image.info else 3
    return len(image.getbands())


def _unidentified(encoded: bytes) -> RejectedImageError:
    """Says why Pillow sees neither a JPEG nor a PNG."""
    if encoded.startswith((_JPEG_START, _PNG_START)):
        size = _declared_png_size(encoded) if encoded.startswith(_PNG_START) else _declared_jpeg_size(encoded)
        if size and 0 in size:
            return RejectedImageError("zero_pixels", f"{size[0]}x{size[1]} pixels")
        return _damaged(encoded, "its header cannot be read")
    try:
        with Image.open(io.BytesIO(encoded), formats=_OTHER_FORMATS) as image:
            return RejectedImageError("unsupported_format", f"{image.format}, expected JPEG or PNG")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return RejectedImageError("not_an_image", f"{len(encoded)} bytes, the first ones {encoded[:8]!r}")


def _declared_png_size(encoded: bytes) -> tuple[int, int] | None:
    return struct.unpack(">II", encoded[16:24]) if len(encoded) >= 24 else None


def _declared_jpeg_size(encoded: bytes) -> tuple[int, int] | None:
    """Width and height out of the first frame header (ITU-T T.81, B.2.2), or None if none is reached."""
    position = 2
    while position + 9 <= len(encoded) and encoded[position] == 0xFF:
        marker, length = struct.unpack(">BH", encoded[position + 1 : position + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", encoded[position + 5 : position + 9])
            return width, height
        position += 2 + length
    return None


def _damaged(encoded: bytes, detail: str) -> RejectedImageError:
    """Truncated if the end marker is missing, otherwise corrupt."""
    end = _PNG_END if encoded.startswith(_PNG_START) else _JPEG_END
    # Within the last kilobyte rather than at the very end: some writers pad their files.
    return RejectedImageError("corrupt" if end in encoded[-1024:] else "truncated", detail)


def _cause(message: str) -> str:
    """TensorFlow's message without its prefix ``{{function_node …}}`` and its suffix ``[Op:…]``."""
    return re.sub(r"^\{\{.*?\}\}\s*|\s*\[Op:\w+\].*$", "", message)
