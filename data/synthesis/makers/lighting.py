"""The same face in other light: no fake, and no detector should call it one."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from data.synthesis.maker import Child
from data.synthesis.makers.light import DAYLIGHT, face_normals, irradiance, to_linear, to_srgb, white_balance
from data.synthesis.makers.per_image import PerImageMaker

_RELIGHTING, _WHITE_BALANCE = "relighting", "white_balance"

# At strength 1.
#: What shadows still get, as a share of all light.
_AMBIENT = (0.3, 0.55)
#: Of the lamp, from the axis of the camera; in degrees.
_OFF_AXIS = (30.0, 80.0)
#: How far below the height of the eyes it may hang, in degrees about the axis of the camera: hardly ever.
_BELOW = 15.0
_EXPOSURE = 0.2  # stops, either way
_MIREDS = 45.0  # reciprocal megakelvins, either way: what half a blue or amber filter makes
_LEAST = 0.3  # of the most, so that a child shows its edit
_WARMEST, _COOLEST = 2500.0, 9000.0  # kelvin

# Of the face, in units of the image's shorter side.
_CENTRE, _RADII = (0.5, 0.56), (0.3, 0.4)
#: Rows are edited so many pixels at a time: linear light takes many times the memory of the image.
_PIXELS_AT_ONCE = 1 << 16

# In double precision: powers in single precision end in other digits from one release of numpy to the next.
_TO_LINEAR = to_linear(np.arange(256) / 255)
_LUMINANCE = np.array([[0.2126, 0.7152, 0.0722]])  # ITU-R BT.709, as in sRGB


class LightingMaker(PerImageMaker):
    """Changes the light that falls on a face. The child keeps its parent's label.

    One of two edits, each half the time, both in linear light (sRGB decoded, multiplied, encoded again):

    * ``relighting``: child = parent · shading, its highlights rolled off (:func:`lit`). A distant lamp from a random
      direction lights a smooth bump with the outline of a face, matt as skin nearly is, beside light from everywhere:
      shading = (ambient + (1 - ambient) · E(normal · lamp)) ** strength, scaled so that the picture's mean luminance
      stays but for the roll-off and a random exposure of at most a fifth of a stop; E as
      :func:`data.synthesis.makers.light.irradiance` gives it. The ratio of two pictures of one matt surface is the
      ratio of their irradiances, whatever its colour: Shashua and Riklin-Raviv, "The Quotient Image", IEEE TPAMI
      23(2), 2001; what the picture's own light was is not known, and taken to be even.
    * ``white_balance``: the colour temperature of the light goes from daylight (6504 K) to another one, drawn evenly
      in mireds, in which steps look alike; at strength 1 from 5000 to 9000 K, never beyond 2500 to 9000 K; by
      :func:`data.synthesis.makers.light.white_balance`.

    The strength of a child is the mean absolute change over all its pixels and channels, in 8-bit levels.
    """

    name = "lighting"
    label = None

    def edit(self, pixels: np.ndarray, rng: np.random.Generator) -> Child:
        """See the base class."""
        if rng.random() < 0.5:
            edit, child = _RELIGHTING, self._relit(pixels, rng)
        else:
            edit, child = _WHITE_BALANCE, _tinted(pixels, white_balance(self._temperature(rng)))
        change = cv2.norm(child, pixels, cv2.NORM_L1) / pixels.size
        return Child(child, strength=float(change), edit=edit)

    def _relit(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        shading = self._shading(*pixels.shape[:2], rng)
        light = luminance = 0.0
        for rows in _bands(*pixels.shape[:2]):
            band = cv2.transform(_TO_LINEAR[pixels[rows]], _LUMINANCE)
            luminance += band.sum(dtype=np.float64)
            light += (band * shading[rows]).sum(dtype=np.float64)
        exposure = 2 ** (self.strength * rng.uniform(-_EXPOSURE, _EXPOSURE))
        # A black picture has no light to keep. A plain float, which every numpy multiplies in single precision.
        shading *= float(exposure * luminance / light) if light else 1.0
        child = np.empty_like(pixels)
        for rows in _bands(*pixels.shape[:2]):
            child[rows] = _encoded(lit(_TO_LINEAR[pixels[rows]], shading[rows, :, None]))
        return child

    def _shading(self, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """float32 [height, width], about 1."""
        side = min(height, width)
        jitter = rng.uniform(-0.03, 0.03, 2)
        x = (np.arange(width) - width / 2) / side - (_CENTRE[0] - 0.5) - jitter[0]
        y = (np.arange(height) - height / 2) / side - (_CENTRE[1] - 0.5) - jitter[1]
        x, y = x[None, :] / _RADII[0], y[:, None] / _RADII[1]
        off = np.deg2rad(rng.uniform(*_OFF_AXIS))
        # Downwards is positive: from the right (0) or left (-180) over the top (-90).
        around = np.deg2rad(rng.uniform(-180 - _BELOW, _BELOW))
        lamp = np.array([[np.sin(off) * np.cos(around), np.sin(off) * np.sin(around), np.cos(off)]])
        ambient = rng.uniform(*_AMBIENT)
        shading = np.empty((height, width), np.float32)
        for rows in _bands(height, width):
            cosine = cv2.transform(face_normals(x, y[rows], _RADII[1] / _RADII[0]), lamp)
            shading[rows] = (ambient + (1 - ambient) * irradiance(cosine)) ** self.strength
        return shading

    def _temperature(self, rng: np.random.Generator) -> float:
        shift = self.strength * _MIREDS * rng.uniform(_LEAST, 1) * rng.choice((-1, 1))
        return float(np.clip(1e6 / (1e6 / DAYLIGHT + shift), _WARMEST, _COOLEST))


def lit(linear: np.ndarray, shading: np.ndarray) -> np.ndarray:
    """Multiplies light, and rolls off towards white as cameras do, where plain products would be cut off.

    Args:
        linear: light of the picture, 0 to 1.
        shading: factor, above 0. Up to 1 the result is the product; above 1 it is 1 - (1 - linear) ** shading, which
            is the product in the shadows, and keeps white white and all that is darker apart from it.

    Returns:
        Light, 0 to 1.
    """
    return np.where(shading <= 1, linear * shading, 1 - (1 - linear) ** np.maximum(shading, 1))


def _tinted(pixels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    child = np.empty_like(pixels)
    for rows in _bands(*pixels.shape[:2]):
        child[rows] = _encoded(cv2.transform(_TO_LINEAR[pixels[rows]], matrix))
    return child


def _encoded(linear: np.ndarray) -> np.ndarray:
    return np.round(255 * to_srgb(np.clip(linear, 0, 1))).astype(np.uint8)


def _bands(height: int, width: int) -> Iterator[slice]:
    rows = max(1, _PIXELS_AT_ONCE // width)
    for start in range(0, height, rows):
        yield slice(start, start + rows)
