"""Draws the map of what raised a score over its image."""

from __future__ import annotations

import io

import numpy as np
from matplotlib import colormaps
from numpy.typing import ArrayLike
from PIL import Image

from data.errors import BadInputError
from data.images.orientation import exif_orientation, upright

MOST_PIXELS_A_SIDE = 1024
"""Larger images are drawn smaller: a map has a few dozen places a side."""

_COLOURS = colormaps["inferno"]
"""Dark to warm, evenly to the eye, and readable by those who tell few colours apart."""

_MOST_COVERED = 0.65
"""Where the map is 1; where it is 0, the image shows as it is."""

_FORMATS = ("JPEG", "PNG")
"""What a served detector decodes."""


def open_image(encoded: bytes) -> Image.Image:
    """The image in RGB as the detector saw it, turned upright, with at most 1,024 pixels a side.

    Args:
        encoded: JPEG or PNG.

    Raises:
        BadInputError: it cannot be decoded, or is far too large.
    """
    try:
        image = Image.open(io.BytesIO(encoded), formats=_FORMATS).convert("RGB")
        turned = upright(np.asarray(image), exif_orientation(encoded))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadInputError(
            f"Expected an image that can be drawn, received one that cannot: {error}"
        ) from error
    image = Image.fromarray(turned)
    image.thumbnail((MOST_PIXELS_A_SIDE, MOST_PIXELS_A_SIDE))
    return image


def overlay(image: Image.Image, heat: ArrayLike) -> Image.Image:
    """The image under its map: the warmer a place, the more it raised the score.

    Args:
        image: RGB.
        heat: float, (rows, columns), in [0, 1], over the whole image however that was stretched for the model; see
            `components.trainer.explanation`.
    """
    # In single precision all the way: 256 steps would show as rings.
    stretched = Image.fromarray(np.asarray(heat, np.float32)).resize(image.size, Image.Resampling.BICUBIC)
    warmth = np.clip(np.asarray(stretched), 0, 1)
    colours = _COLOURS(warmth)[..., :3] * 255
    covered = (_MOST_COVERED * warmth)[..., None]
    mixed = np.asarray(image) * (1 - covered) + colours * covered
    return Image.fromarray(np.round(mixed).astype(np.uint8))


def side_by_side(encoded: bytes, heat: ArrayLike) -> bytes:
    """A PNG of the image and, to the right of it, the image under its map.

    Args:
        encoded: see `open_image`.
        heat: see `overlay`.

    Raises:
        BadInputError: see `open_image`.
    """
    image = open_image(encoded)
    both = Image.new("RGB", (2 * image.width, image.height))
    both.paste(image, (0, 0))
    both.paste(overlay(image, heat), (image.width, 0))
    buffer = io.BytesIO()
    both.save(buffer, "PNG")
    return buffer.getvalue()
