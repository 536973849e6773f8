"""Looking at one image: can it be used, and what is it?

Two decoders see each file. Pillow reads the header only, which costs nothing and refuses what is too large, too
small or grey before a pixel is decoded. Then TensorFlow decodes the whole image once, with the very operation that
training and serving use, so that nothing kept here fails there.
"""

import hashlib
import io
import re
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

from data.images.cues import PixelCues, measure_pixels
from data.images.jpeg_quality import estimate_quality
from data.images.orientation import exif_orientation, upright
from data.images.perceptual_hash import perceptual_hashes
from data.images.shape import LARGEST_ASPECT_RATIO, MOST_PIXELS, SMALLEST_FACE, is_too_narrow, is_too_small
from data.quarantine import RejectedImageError

_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"

# Only to name what was received; none of these is ever decoded.
_OTHER_FORMATS = ("GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO", "JPEG2000", "TGA", "AVIF", "PSD")

# Some phones append further pictures to a JPEG. Pillow calls that MPO; every decoder shows the first picture.
_FORMAT_NAMES = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png"}


@dataclass(frozen=True)
class Limits:
    """What is refused.

    Attributes:
        max_pixels: largest width times height.
        max_bytes: largest file.
        smallest_face: least pixels of the shorter side.
        grey_allowed: whether images without colour are accepted.
    """

    max_pixels: int = MOST_PIXELS
    max_bytes: int = 64 * 1024 * 1024
    smallest_face: int = SMALLEST_FACE
    grey_allowed: bool = False


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an image that can be used.

    Attributes:
        sha256: of the bytes, 64 hexadecimal digits.
        format: ``"jpeg"`` or ``"png"``.
        width: pixels.
        height: pixels.
        channels: 1 (grey) to 4, see :class:`data.example.Record`.
        bytes: length of the encoded image.
        jpeg_quality: estimated, 1 to 100; 0 where the image is no JPEG.
        quantisation: mean of the coefficients of all JPEG quantisation tables, 1 to 255; 0 where it is no JPEG.
        perceptual_hash: of :mod:`data.images.perceptual_hash`, in hexadecimal digits.
        cropped_hashes: those of its crops.
        cues: what else might tell its label.
    """

    sha256: str
    format: str
    width: int
    height: int
    channels: int
    bytes: int
    jpeg_quality: int
    quantisation: float
    perceptual_hash: str
    cropped_hashes: str
    cues: PixelCues


@dataclass(frozen=True)
class _Header:
    """What a file says of itself before any pixel is decoded."""

    format: str
    width: int
    height: int
    channels: int
    jpeg_quality: int
    quantisation: float


def inspect_image(encoded: bytes, limits: Limits) -> ImageFacts:
    """Checks an encoded image and measures it.

    Raises:
        RejectedImageError: it cannot be used; its ``reason`` is a key of ``data.quarantine.REASONS``.
    """
    header = read_header(encoded, limits.max_pixels)
    width, height = header.width, header.height
    if is_too_small(width, height, limits.smallest_face):
        raise RejectedImageError(
            "too_small",
            f"{width}x{height} pixels, expected a shorter side of at least {limits.smallest_face}",
        )
    if is_too_narrow(width, height):
        raise RejectedImageError(
            "extreme_aspect", f"{width}x{height} pixels, expected at most {LARGEST_ASPECT_RATIO:g} to 1"
        )
    if header.channels < 3 and not limits.grey_allowed:
        raise RejectedImageError("grey", f"{header.channels} channel{'s' * (header.channels - 1)}")
    pixels = decode_rgb(encoded)
    whole, crops = perceptual_hashes(pixels)
    return ImageFacts(
        sha256=hashlib.sha256(encoded).hexdigest(),
        bytes=len(encoded),
        perceptual_hash=whole,
        cropped_hashes=crops,
        cues=measure_pixels(pixels),
        **vars(header),
    )


def decode_rgb(encoded: bytes) -> np.ndarray:
    """Decodes a JPEG or PNG the way training and serving do: ``tf.io.decode_image(…, channels=3)``.

    Alpha is dropped, grey is repeated, 16 bits are reduced to 8. A JPEG is turned upright as its EXIF orientation
    says.

    Returns:
        uint8 array [height, width, 3], values 0 to 255.

    Raises:
        RejectedImageError: with reason truncated or corrupt.
    """
    import tensorflow as tf

    try:
        # Given a tensor, TensorFlow takes its fast path into the operation.
        pixels = tf.io.decode_image(tf.constant(encoded), channels=3, expand_animations=False).numpy()
    except tf.errors.OpError as error:
        raise _damaged(encoded, _cause(error.message)) from error
    return upright(pixels, exif_orientation(encoded))


def read_header(encoded: bytes, max_pixels: int) -> _Header:
    """Reads what the file says of itself, without decoding any pixel.

    Raises:
        RejectedImageError: it is no JPEG or PNG, its header is damaged, it is in CMYK or animated, or it has more
            than ``max_pixels``.
    """
    try:
        with Image.open(io.BytesIO(encoded), formats=("JPEG", "PNG")) as image:
            is_jpeg = image.format in ("JPEG", "MPO")
            if image.mode == "CMYK":
                raise RejectedImageError("four_colours", "CMYK, expected RGB")
            if not is_jpeg and image.is_animated:
                raise RejectedImageError("animated", f"{image.n_frames} pictures, expected one")
            tables = image.quantization if is_jpeg else {}
            width, height = image.size
            if exif_orientation(encoded) >= 5:
                width, height = height, width
            header = _Header(
                format=_FORMAT_NAMES[image.format],
                width=width,
                height=height,
                channels=_channels(image),
                jpeg_quality=estimate_quality(tables),
                quantisation=round(float(np.mean(list(tables.values()))), 3) if tables else 0.0,
            )
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RejectedImageError("too_large", str(error)) from error
    except UnidentifiedImageError:
        raise _unidentified(encoded) from None
    except (OSError, SyntaxError, ValueError) as error:  # What Pillow's parsers raise on damaged headers.
        raise _damaged(encoded, str(error)) from error
    if header.width * header.height > max_pixels:
        raise RejectedImageError(
            "too_large", f"{header.width}x{header.height} pixels, at most {max_pixels} allowed"
        )
    return header


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
