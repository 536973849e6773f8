"""Moving pixels a little."""

from __future__ import annotations

import cv2
import numpy as np


def smooth_field(
    shape: tuple[int, ...], cells: float, amplitude: float, rng: np.random.Generator
) -> np.ndarray:
    """Draws smooth displacements, as an elastic deformation uses them.

    Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document
    Analysis", ICDAR 2003, section 2, blur noise of each pixel by a wide Gaussian; here noise on a coarse grid is
    interpolated, which costs the same at any size of image.

    Args:
        shape: of the image; height and width come first.
        cells: grid cells along the shorter side: how fine the deformation is, at least 1.
        amplitude: standard deviation of the displacements at the grid's nodes, in pixels.
        rng: draws it.

    Returns:
        float32 ``[2, height, width]``: displacements along x and along y, in pixels.
    """
    height, width = shape[:2]
    nodes = [max(4, round(cells * length / min(height, width)) + 1) for length in (height, width)]
    grid = rng.normal(0, amplitude, (2, *nodes)).astype(np.float32)
    return np.stack([cv2.resize(one, (width, height), interpolation=cv2.INTER_CUBIC) for one in grid])


def warp(
    image: np.ndarray,
    displacements: np.ndarray,
    box: tuple[slice, slice] | None = None,
    scale: tuple[float, float] = (1.0, 1.0),
    interpolation: int = cv2.INTER_LINEAR,
) -> np.ndarray:
    """Takes each pixel of the result from where the displacements point to.

    Args:
        image: uint8 or float32, ``[height, width]`` or ``[height, width, 3]``.
        displacements: float32 ``[2, rows, columns]``, along x and along y, in pixels, for the pixels of the box.
        box: rows and columns of the result that are wanted; all by default.
        scale: enlarges the result about the box's middle by so much, along x and y; 1 is as large as it was.
        interpolation: of OpenCV; outside the image its edge goes on.

    Returns:
        The pixels of the box, of the image's dtype.
    """
    rows, columns = box or (slice(0, image.shape[0]), slice(0, image.shape[1]))
    x = _scaled(columns, scale[0]) + displacements[0]
    y = _scaled(rows, scale[1])[:, None] + displacements[1]
    return cv2.remap(image, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)


def _scaled(span: slice, scale: float) -> np.ndarray:
    middle = (span.start + span.stop - 1) / 2
    return (middle + (np.arange(span.start, span.stop) - middle) / scale).astype(np.float32)
