"""Changes of colour that one matrix can express, so that a pixel is rounded once however many there are."""

from __future__ import annotations

import cv2
import numpy as np

# Luma of ITU-R BT.601 and the two colour differences of NTSC; FCC, 47 CFR 73.682(a)(20).
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)


def apply(pixels: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Applies a change of colour.

    Args:
        pixels: uint8 ``[H, W, 3]``, RGB.
        change: float64 ``[3, 4]``: a matrix and, in its last column, an offset in 8-bit levels.

    Returns:
        uint8 ``[H, W, 3]``, rounded and clipped to 0 to 255.
    """
    return cv2.transform(pixels, change)


def shift(levels: np.ndarray) -> np.ndarray:
    """Adds so many 8-bit levels to red, green and blue."""
    return np.column_stack([np.eye(3), levels])


def hue_saturation(degrees: float, saturation: float) -> np.ndarray:
    """Turns the hue and scales the saturation; luma (ITU-R BT.601) and greys stay.

    Both act on what a colour has beside its luma, in the plane of the colour differences, as in analogue television.
    It is what a shift of hue and saturation in HSV does to moderate colours, without that model's jumps at red and
    its rounding.

    Args:
        degrees: angle by which the hue is turned.
        saturation: factor; 1 leaves it.
    """
    angle = np.deg2rad(degrees)
    turn = np.eye(3)
    turn[1:, 1:] = saturation * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([_FROM_YIQ @ turn @ _TO_YIQ, np.zeros(3)])


def brightness_contrast(brightness: float, contrast: float, pivot: np.ndarray) -> np.ndarray:
    """Adds brightness and stretches about a pivot.

    Args:
        brightness: added to every channel, in 8-bit levels.
        contrast: factor; 1 leaves it.
        pivot: red, green and blue that contrast leaves as they are, 0 to 255.
    """
    return np.column_stack([contrast * np.eye(3), (1 - contrast) * np.asarray(pivot) + brightness])


def chain(*changes: np.ndarray) -> np.ndarray:
    """One change that does what several do one after the other."""
    total = np.eye(4)
    for change in changes:
        total = np.vstack([change, [0, 0, 0, 1]]) @ total
    return total[:3]
