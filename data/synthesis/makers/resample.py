"""The traces of upsampling, which generators of images leave, without a generator."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from data.example import FAKE
from data.synthesis.maker import Child
from data.synthesis.makers.masks import face_mask
from data.synthesis.makers.per_image import PerImageMaker
from data.synthesis.makers.upsampling import (
    BILINEAR,
    CHECKERBOARD,
    NEAREST,
    detail_to_give_up,
    reduced_and_enlarged,
    uneven_kernel,
)

_EDITS = (NEAREST, BILINEAR, CHECKERBOARD)
# At strength 1; drawn evenly.
#: How much of the trace is left; of 4 times, which is coarser, half of that.
_AMOUNT = {NEAREST: (0.5, 1.0), BILINEAR: (1.5, 2.5), CHECKERBOARD: (0.7, 1.0)}
_UNEVENNESS = (0.03, 0.06)
#: Share of the children with traces all over them; those of the others lie within the face.
_WHOLE = 0.5

#: Sharpness is balanced within a square of so many pixels a side in the image's middle.
_MEASURED = 512
#: So many pixels are edited at a time, with a margin of rows that the filters do not reach across; a multiple of 4.
_PIXELS_AT_ONCE, _MARGIN = 1 << 20, 16


class ResampleMaker(PerImageMaker):
    """Leaves the traces of a generator's last layers: the eye hardly sees them, the spectrum shows them.

    The image is reduced 2 or 4 times and enlarged again in one of three ways, the edits: ``nearest``, ``bilinear``
    and ``checkerboard`` (transposed convolutions with an uneven kernel), see
    :func:`data.synthesis.makers.upsampling.reduced_and_enlarged`. What these leave beyond a smooth enlargement, the
    trace, is added to the image, and so much of its own fine detail is taken away that it stays as sharp
    (:func:`data.synthesis.makers.upsampling.detail_to_give_up`): otherwise sharpness alone would betray the fakes.
    Half the children have traces everywhere, as those of a generator that draws the whole image; the others within a
    soft mask over the face, as those of one that draws faces. Where the grid of the small image begins is drawn, too:
    crops begin anywhere.

    JPEG keeps little of the finest traces at low qualities, of these as of a generator's own.

    The strength of a child is the mean absolute change over pixels and channels, weighed by the mask, in 8-bit
    levels.
    """

    name = "resample"
    label = FAKE

    def edit(self, pixels: np.ndarray, rng: np.random.Generator) -> Child:
        """See the base class."""
        height, width = pixels.shape[:2]
        edit, factor = _EDITS[rng.integers(len(_EDITS))], int(rng.choice((2, 4)))
        amount = self.strength * rng.uniform(*_AMOUNT[edit]) * (2 / factor)
        kernel = uneven_kernel(rng.uniform(*_UNEVENNESS), rng)
        top, left = (int(offset) for offset in rng.integers(0, factor, 2))
        mask = None if rng.random() < _WHOLE else face_mask(height, width, rng)

        padding = top, -(top + height) % factor, left, -(left + width) % factor
        padded = cv2.copyMakeBorder(pixels, *padding, cv2.BORDER_REFLECT_101)
        image, trace, detail = _parts(_middle(padded, factor), edit, factor, kernel)
        given_up = detail_to_give_up(image, amount * trace, detail)
        child = np.empty_like(padded)
        for rows, margin in _bands(padded):
            image, trace, detail = (part[margin] for part in _parts(padded[rows], edit, factor, kernel))
            inner = slice(rows.start + margin.start, rows.start + margin.stop)
            change = amount * trace - given_up * detail
            if mask is not None:
                whole = cv2.copyMakeBorder(mask, *padding, cv2.BORDER_CONSTANT)
                change *= whole[inner, :, None]
            child[inner] = np.clip(np.round(image + change), 0, 255)
        child = np.ascontiguousarray(child[top : top + height, left : left + width])
        return Child(child, strength=_change(child, pixels, mask), edit=edit)


def _parts(
    pixels: np.ndarray, edit: str, factor: int, kernel: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The image, a trace and the image's fine detail; float32 [H, W, 3] each, in 8-bit levels."""
    image = pixels.astype(np.float32)
    generated, smooth = reduced_and_enlarged(image, edit, factor, kernel)
    return image, generated - smooth, image - smooth


def _middle(padded: np.ndarray, factor: int) -> np.ndarray:
    """The square in the middle that sharpness is measured in; it begins where the grid does."""
    spans = []
    for length in padded.shape[:2]:
        size = min(length, _MEASURED)
        start = (length - size) // 2 // factor * factor
        spans.append(slice(start, start + size))
    return padded[tuple(spans)]


def _bands(padded: np.ndarray) -> Iterator[tuple[slice, slice]]:
    """Rows that are edited at a time, with their margins; and where they lie within these."""
    height, width = padded.shape[:2]
    step = max(_MARGIN, _PIXELS_AT_ONCE // width // 4 * 4)
    for start in range(0, height, step):
        stop = min(height, start + step)
        begin, end = max(0, start - _MARGIN), min(height, stop + _MARGIN)
        yield slice(begin, end), slice(start - begin, stop - begin)


def _change(child: np.ndarray, pixels: np.ndarray, mask: np.ndarray | None) -> float:
    difference = cv2.absdiff(child, pixels)
    if mask is None:
        return float(cv2.norm(difference, cv2.NORM_L1) / difference.size)
    weighed = np.einsum("hwc,hw->", difference, mask, dtype=np.float64)
    return float(weighed / (3 * mask.sum(dtype=np.float64)))
