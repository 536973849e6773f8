"""Saving every image alike, so that how it was saved tells nothing of its label."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from data.images.decode_check import decode_rgb

_LARGEST_SIZE = 256
_LOWEST_QUALITY, _USUAL_QUALITY = 50, 90


@dataclass(frozen=True)
class Form:
    """The form that every image is brought to: a square JPEG.

    Attributes:
        size: width and height, in pixels.
        quality: IJG quality, 1 to 100.
    """

    size: int
    quality: int


def common_form(
    short_sides: Sequence[int], qualities: Sequence[int], size: int | None = None, quality: int | None = None
) -> Form:
    """The form that costs a data set least and still makes its images alike.

    Args:
        short_sides: shorter side of each image, in pixels.
        qualities: JPEG quality of each image, 1 to 100; 0 where it is no JPEG.
        size: what was asked for; where None, the shortest side of all (nothing is enlarged), at most 256.
        quality: what was asked for; where None, the quality that one in a hundred JPEGs does not reach, at least 50
            and at most 90.
    """
    if size is None:
        size = min(_LARGEST_SIZE, int(np.min(short_sides)))
    if quality is None:
        known = [value for value in qualities if value]
        lowest = int(np.percentile(known, 1)) if known else _USUAL_QUALITY
        quality = min(_USUAL_QUALITY, max(_LOWEST_QUALITY, lowest))
    return Form(size, quality)


def harmonise(encoded: bytes, form: Form) -> bytes:
    """Brings an image to the form.

    It is first saved at the form's quality as it is, so that every image goes through that quantisation on its own
    grid of blocks: one that was saved at this quality before hardly changes, one that was saved better comes down
    to it. Then its central square is resized, and saved at the same quality again. So the quality should be no
    higher than the lowest in the data set (:func:`common_form`).

    Args:
        encoded: JPEG or PNG that can be decoded.
        form: what to bring it to.

    Returns:
        A JPEG without metadata, the same for the same input.
    """
    levelled = decode_rgb(_save(Image.fromarray(decode_rgb(encoded)), form.quality))
    height, width, _ = levelled.shape
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    square = Image.fromarray(levelled[top : top + side, left : left + side])
    if side != form.size:
        square = square.resize((form.size, form.size), Image.Resampling.LANCZOS)
    return _save(square, form.quality)


def _save(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    # 4:2:0: the common case, and what any other sampling can be brought down to.
    image.save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()
