"""Tampering with a drawn face, leaving the traces that fakes of real photographs leave.

A face swap pastes a face that was generated at a lower resolution, aligned imperfectly, with colours that
nearly fit, through a soft mask. Its traces are an inner face without the sensor's noise, a blending boundary,
a shift of colour and misplaced features. After "Face X-ray" (Li et al., CVPR 2020) and "Detecting Deepfakes
with Self-Blended Images" (Shiohara and Yamasaki, CVPR 2022), which make such fakes from one photograph.
"""

import numpy as np
from scipy import ndimage


def tamper(
    pixels: np.ndarray, centre: tuple[float, float], radii: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """Returns a face-swapped version of a face.

    Args:
        pixels: float32 array [size, size, 3], values 0 to 255.
        centre: x and y of the middle of the face, in pixels.
        radii: half the width and half the height of the face, in pixels.
        rng: draws which traces are left and how strong they are.

    Returns:
        Array of the same shape, type and range; the image outside the face is untouched.
    """
    patch = warp(pixels, centre, radii, rng)
    patch = resample(patch, rng.uniform(1.5, 2.3))
    patch = recolour(patch, rng)
    mask = soft_mask(pixels.shape[0], centre, radii, rng)[..., None]
    return (mask * patch + (1 - mask) * pixels).astype(np.float32)


def warp(
    pixels: np.ndarray, centre: tuple[float, float], radii: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """Shifts, scales and turns the image a little about the face, and bulges or pinches it at one spot."""
    size = pixels.shape[0]
    y, x = np.mgrid[0:size, 0:size].astype(np.float64)
    dx, dy = x - centre[0], y - centre[1]
    angle, scale = np.deg2rad(rng.uniform(-6, 6)), rng.uniform(0.92, 1.08)
    shift = rng.uniform(-0.08, 0.08, 2) * radii[0]
    from_x = centre[0] + shift[0] + (np.cos(angle) * dx - np.sin(angle) * dy) / scale
    from_y = centre[1] + shift[1] + (np.sin(angle) * dx + np.cos(angle) * dy) / scale
    spot = centre + rng.uniform(-0.5, 0.5, 2) * radii
    reach = radii[0] * rng.uniform(0.4, 0.7)
    bulge = rng.choice([-1, 1]) * rng.uniform(0.15, 0.4)
    pull = bulge * np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / reach**2)
    from_x -= pull * (x - spot[0])
    from_y -= pull * (y - spot[1])
    channels = [
        ndimage.map_coordinates(pixels[..., c], (from_y, from_x), order=1, mode="nearest") for c in range(3)
    ]
    return np.stack(channels, axis=-1)


def resample(pixels: np.ndarray, factor: float) -> np.ndarray:
    """Reduces the image by ``factor`` and enlarges it again: its finest detail goes, as in generated ones."""
    size = pixels.shape[0]
    small = max(8, round(size / factor))
    smooth = ndimage.gaussian_filter(pixels, (factor / 3, factor / 3, 0))
    reduced = ndimage.zoom(smooth, (small / size, small / size, 1), order=1, grid_mode=True, mode="nearest")
    return ndimage.zoom(reduced, (size / small, size / small, 1), order=1, grid_mode=True, mode="nearest")


def recolour(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Changes each channel's gain by up to 10 % and its offset by up to 10, as colour matching leaves it."""
    return pixels * rng.uniform(0.9, 1.1, 3) + rng.uniform(-10, 10, 3)


def soft_mask(
    size: int, centre: tuple[float, float], radii: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """A wobbly ellipse over the inner face with a soft edge; float array [size, size], values 0 to 1."""
    y, x = np.mgrid[0:size, 0:size]
    dx, dy = (x - centre[0]) / radii[0], (y - centre[1] - 0.08 * radii[1]) / radii[1]
    theta = np.arctan2(dy, dx)
    edge = rng.uniform(0.72, 0.9) + sum(
        rng.uniform(0, 0.05) * np.cos(k * theta + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 5)
    )
    inside = (np.hypot(dx, dy) < edge).astype(np.float64)
    return ndimage.gaussian_filter(inside, rng.uniform(0.02, 0.06) * radii[0] + 0.5)
