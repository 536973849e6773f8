"""Measuring what is not the face: cues that a careless data set betrays its labels by.

If brightness or sharpness alone tells fakes from reals, a detector learns that and nothing else. Each cue is one
number an image, cheap enough to take from every image; :mod:`data.audit.shortcuts` asks what they give away.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

#: Sharpness and fine detail are measured at the image's own scale, within this square at its centre: the face.
_TILE = 64
#: Colours are taken from so many rows and columns of pixels, spread evenly.
_SAMPLES = 64
_ROUNDING = 1e-3
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601


@dataclass(frozen=True)
class PixelCues:
    """What the decoded image gives away.

    Attributes:
        brightness: mean luma, 0 to 255.
        saturation: mean of the saturation of the HSV model, 0 to 1.
        sharpness: standard deviation of the luma's Laplacian (4 neighbours), 0 or more. Blur lowers it; see
            Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
        high_frequency: share of the luma's spectral power, its mean left out, above half the Nyquist frequency,
            0 to 1, under a Hann window. Blur and upsampling lower it, noise raises it; see Durall et al., "Watch
            your Up-Convolution", CVPR 2020.
    """

    brightness: float
    saturation: float
    sharpness: float
    high_frequency: float


def measure_pixels(pixels: np.ndarray) -> PixelCues:
    """Measures an image.

    Args:
        pixels: uint8 array [height, width, 3], values 0 to 255.
    """
    height, width, _ = pixels.shape
    sample = pixels[:: max(1, height // _SAMPLES), :: max(1, width // _SAMPLES)].astype(np.float32)
    top, left = max(0, (height - _TILE) // 2), max(0, (width - _TILE) // 2)
    luma = pixels[top : top + _TILE, left : left + _TILE].astype(np.float32) @ _LUMA
    return PixelCues(
        brightness=_short((sample @ _LUMA).mean()),
        saturation=_short(_saturation(sample).mean()),
        sharpness=_short(_laplacian(luma).std()),
        high_frequency=_short(_high_frequency_share(luma)),
    )


def _saturation(colours: np.ndarray) -> np.ndarray:
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    most = np.maximum(np.maximum(red, green), blue)
    least = np.minimum(np.minimum(red, green), blue)
    return (most - least) / np.maximum(most, 1)


def _laplacian(luma: np.ndarray) -> np.ndarray:
    if min(luma.shape) < 3:
        return np.zeros(1, dtype=np.float32)
    neighbours = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return 4 * luma[1:-1, 1:-1] - neighbours


def _high_frequency_share(luma: np.ndarray) -> float:
    window, weights, high = _weights(*luma.shape)
    spectrum = fft.rfft2((luma - luma.mean()) * window)
    power = spectrum.real**2 + spectrum.imag**2
    total = float((power * weights).sum())
    # Of an image of one colour there is nothing left but how the luma was rounded.
    return float((power * high).sum()) / total if total > _ROUNDING * luma.size else 0.0


@lru_cache(maxsize=16)
def _weights(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the spectrum is taken and weighed with.

    Returns:
        A Hann window, which keeps the jump at the edges out of the spectrum; and how often each value of the half
        spectrum of real values counts, in all and above half the Nyquist frequency.
    """
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1]).astype(np.float32)
    weights = np.full((height, width // 2 + 1), 2, dtype=np.float32)
    weights[:, 0] = 1
    if width % 2 == 0:
        weights[:, -1] = 1
    down, across = fft.fftfreq(height)[:, None], fft.rfftfreq(width)[None, :]
    return window, weights, weights * (np.maximum(np.abs(down), np.abs(across)) > 0.25)


def _short(value: float) -> float:
    """Six significant digits: as much as the cue is worth, and the same on every machine."""
    return float(f"{value:.6g}")
