"""More or less fine detail: what tells a pasted face from the picture it was pasted into."""

from __future__ import annotations

import cv2
import numpy as np


def soften(pixels: np.ndarray, factor: float, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Reduces the image by a factor and enlarges it again, as a generator of lower resolution leaves it.

    Args:
        pixels: uint8 ``[H, W, 3]``.
        factor: 1 or more; 1 leaves the image.
        interpolation: of OpenCV, used to enlarge it.
    """
    height, width = pixels.shape[:2]
    small = (max(8, round(width / factor)), max(8, round(height / factor)))
    return cv2.resize(
        cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=interpolation
    )


def sharpen(pixels: np.ndarray, amount: float, sigma: float) -> np.ndarray:
    """Unsharp masking.

    Args:
        pixels: uint8 ``[H, W, 3]``.
        amount: how much of what a Gaussian blur takes away is added; 0 leaves the image.
        sigma: of the blur, in pixels.
    """
    blurred = cv2.GaussianBlur(pixels, (0, 0), sigma)
    return cv2.addWeighted(pixels, 1 + amount, blurred, -amount, 0)
