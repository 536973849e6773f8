"""Where the face is, for makers that have no model of landmarks: in the middle of the crop, a little below it."""

from __future__ import annotations

import cv2
import numpy as np

from data.synthesis.makers.warping import smooth_field, warp

#: Masks are drawn at this size and then enlarged or reduced: so long as they are soft, nothing is lost.
_CANVAS = 128
#: cv2.fillConvexPoly takes fixed-point coordinates with so many bits after the point.
_SHIFT = 4
#: Of the hull: where its middle lies and its half axes, in units of the image's shorter side, and by how much each
#: varies either way. Taken from the mean of aligned faces: eyes at 0.47 of the height, chin at 0.93.
_REGIONS = (
    # The inner face, brows to chin; twice, as most forgeries replace it.
    ((0.5, 0.61), (0.23, 0.28), (0.03, 0.05)),
    ((0.5, 0.61), (0.23, 0.28), (0.03, 0.05)),
    # The whole face, with the forehead.
    ((0.5, 0.57), (0.26, 0.34), (0.03, 0.03)),
    # Its upper part: brows, eyes and the root of the nose.
    ((0.5, 0.49), (0.23, 0.13), (0.03, 0.03)),
    # Its lower part: nose, mouth and chin.
    ((0.5, 0.72), (0.19, 0.18), (0.03, 0.03)),
)


def face_mask(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Draws a soft mask over the face, or a part of it, of a crop that shows a face.

    The hull of random points on a superellipse (Lamé curve) takes the place of the hull of landmarks; it is then
    warped elastically, blurred, cut off at a level of that blur, which moves its edge in or out, and blurred again.
    After Li et al., "Face X-ray for More General Face Forgery Detection", CVPR 2020, section 3.2, and Shiohara and
    Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022, section 3.2 and their published code.

    Args:
        height: of the image, in pixels.
        width: of the image, in pixels.
        rng: draws region, shape and softness.

    Returns:
        float32 ``[height, width]``, 0 to 1; both 0 and nearly 1 (0.9 and more) occur.
    """
    canvas = _hull(rng)
    canvas = warp(
        canvas, smooth_field(canvas.shape, rng.uniform(6, 12), rng.uniform(0, 0.015) * _CANVAS, rng)
    )
    first, second = rng.uniform(0.012, 0.045, 2) * _CANVAS
    edge = rng.uniform(0.25, 0.75)
    canvas = cv2.GaussianBlur(canvas, (0, 0), first, borderType=cv2.BORDER_REPLICATE)
    canvas = cv2.GaussianBlur(
        (canvas > edge).astype(np.float32), (0, 0), second, borderType=cv2.BORDER_REPLICATE
    )
    # What is below a level of 8 bits cannot be seen, and would make the region larger than need be.
    canvas = np.clip((canvas / canvas.max() - 1 / 255) * (255 / 254), 0, 1)
    return _placed(canvas, height, width)


def bounding_box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns outside of which a mask is 0; it must not be 0 everywhere."""
    rows, columns = np.flatnonzero(mask.max(axis=1)), np.flatnonzero(mask.max(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _hull(rng: np.random.Generator) -> np.ndarray:
    """float32 [canvas, canvas]: 1 within a convex hull, 0 outside."""
    centre, axes, spread = _REGIONS[rng.integers(len(_REGIONS))]
    centre = np.array(centre) + rng.uniform(-0.02, 0.02, 2)
    axes = np.array(axes) + rng.uniform(-1, 1, 2) * spread
    count = int(rng.integers(9, 18))
    angles = 2 * np.pi * (np.arange(count) + rng.uniform(0, 0.8, count)) / count
    power = 2 / rng.uniform(2.0, 3.0)
    cosine, sine = np.cos(angles), np.sin(angles)
    points = np.stack(
        [np.sign(cosine) * np.abs(cosine) ** power, np.sign(sine) * np.abs(sine) ** power], axis=1
    )
    points = centre + points * axes * rng.uniform(0.88, 1.0, (count, 1))
    hull = cv2.convexHull(np.round(points * _CANVAS * 2**_SHIFT).astype(np.int32))
    canvas = np.zeros((_CANVAS, _CANVAS), np.uint8)
    cv2.fillConvexPoly(canvas, hull, 255, cv2.LINE_AA, _SHIFT)
    return canvas.astype(np.float32) / 255


def _placed(canvas: np.ndarray, height: int, width: int) -> np.ndarray:
    """Enlarges the square canvas to the image's shorter side, in the middle of the longer one."""
    side = min(height, width)
    square = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_LINEAR)
    mask = np.zeros((height, width), np.float32)
    top, left = (height - side) // 2, (width - side) // 2
    mask[top : top + side, left : left + side] = square
    return mask
