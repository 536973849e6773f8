"""Cutting a face out of a photograph."""

import io

from PIL import Image

from data.images.decode_check import decode_rgb, read_header
from data.quarantine import RejectedImageError


def crop(encoded: bytes, box: tuple[int, int, int, int], max_pixels: int) -> bytes:
    """Cuts a box out of an encoded image.

    Args:
        encoded: JPEG or PNG.
        box: left, top, right, bottom, in pixels; may reach over the edges, which cut it.
        max_pixels: largest width times height of the whole image.

    Returns:
        A PNG: saving a JPEG once more would leave traces of its own in every image.

    Raises:
        RejectedImageError: the image cannot be decoded, or nothing of it lies within the box.
    """
    read_header(encoded, max_pixels)
    pixels = decode_rgb(encoded)
    left, top, right, bottom = box
    part = pixels[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if not part.size:
        height, width, _ = pixels.shape
        raise RejectedImageError("zero_pixels", f"the box {box} lies outside of the {width}x{height} image")
    buffer = io.BytesIO()
    Image.fromarray(part).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
