"""Draws the map of what raised a score over its image."""

from __future__ import annotations

import io

import numpy as np
from matplotlib import colormaps
from PIL import Image

from data.images.decode_check import decode_rgb

_COLOURS = colormaps["inferno"]
"""Dark to warm, evenly to the eye, and readable by those who tell few colours apart."""

_MOST_COVERED = 0.65
"""Where the map is 1; where it is 0, the image shows as it is."""


def overlay(encoded: bytes, heat: np.ndarray) -> bytes:
    """A PNG of the image under its map: the warmer a place, the more it raised the score.

    Args:
        encoded: JPEG or PNG.
        heat: float, (rows, columns), in [0, 1], over the whole image however it was stretched for the model; see
            `components.trainer.explanation`.
    """
    image = Image.fromarray(decode_rgb(encoded))
    # In single precision all the way: 256 steps would show as rings.
    stretched = Image.fromarray(np.asarray(heat, np.float32)).resize(image.size, Image.Resampling.BICUBIC)
    warmth = np.clip(np.asarray(stretched), 0, 1)
    colours = _COLOURS(warmth)[..., :3] * 255
    covered = (_MOST_COVERED * warmth)[..., None]
    mixed = np.asarray(image) * (1 - covered) + colours * covered
    buffer = io.BytesIO()
    Image.fromarray(np.round(mixed).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
