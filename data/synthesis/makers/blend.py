"""Self-blended images: a face blended with a slightly different copy of itself."""

from __future__ import annotations

import cv2
import numpy as np

from data.example import FAKE
from data.synthesis.maker import Child
from data.synthesis.makers import colour, detail
from data.synthesis.makers.masks import bounding_box, face_mask
from data.synthesis.makers.per_image import PerImageMaker
from data.synthesis.makers.warping import smooth_field, warp

# At strength 1. Either sign is drawn equally often, and never less than this share of the most: a child that shows
# nothing must not be called a fake.
_LEAST = 0.25
_SHIFT = 8.0  # 8-bit levels, each of red, green and blue
_HUE = 4.0  # degrees
_SATURATION = 0.10  # share
_BRIGHTNESS = 9.0  # 8-bit levels
_CONTRAST = 0.08  # share
_SOFTENING = 0.3  # the factor of reduction, above 1
_SOFTER = 0.4  # share that is made softer; the rest is made sharper, as warping and blending soften, too
_SHARPENING = 0.8  # of what a blur takes away
# In units of the image's shorter side. Two thirds of what the paper's code draws: fewer edges are seen twice.
_MOVE = (0.02, 0.01)
_SCALE = 0.04
_ELASTIC = 0.004  # standard deviation
#: How much of the source shows where the mask is 1; the paper's own list.
_RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)


class BlendMaker(PerImageMaker):
    """Blends a face with a copy of itself, which leaves what every face swap leaves, and nothing of any generator.

    Of two copies, source and target, one is changed in colour and in sharpness; the source is moved, scaled and
    warped elastically; and child = source · mask + target · (1 - mask), the mask lying softly over the face or a
    part of it. Where the target was left as it was, all outside the mask equals the parent. Mask and movements are in
    proportion to the image's shorter side; sharpness is changed at the scale of its pixels, whatever their number.

    Source: Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022, algorithm 1 and
    section 3.2. What differs: no landmarks are needed (see :func:`data.synthesis.makers.masks.face_mask`); hue and
    saturation are changed in one matrix with the rest of the colour (:mod:`data.synthesis.makers.colour`); contrast
    keeps the image's mean; and everything is drawn symmetrically and milder, so that neither brightness nor
    sharpness nor the size of the file betrays a child.

    The strength of a child is the mean absolute difference between it and its target, over pixels and channels and
    weighed by the mask, in 8-bit levels: what the blending itself has changed.
    """

    name = "blend"
    label = FAKE

    def edit(self, pixels: np.ndarray, rng: np.random.Generator) -> Child:
        """See the base class."""
        changed = self._changed(pixels, rng)
        source, target = (changed, pixels) if rng.random() < 0.5 else (pixels, changed)
        mask = face_mask(*pixels.shape[:2], rng)
        box = bounding_box(mask)
        source, mask = self._moved(source, box, rng), mask[box]
        weights = mask * np.float32(rng.choice(_RATIOS))
        under = np.ascontiguousarray(target[box])
        blended = cv2.blendLinear(source, under, weights, 1 - weights)
        difference = np.einsum("hwc,hw->", cv2.absdiff(blended, under), mask, dtype=np.float64)
        child = target.copy()
        child[box] = blended
        return Child(child, strength=float(difference / (3 * mask.sum(dtype=np.float64))))

    def _changed(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A copy with other colours that is softer or sharper."""
        change = colour.chain(
            colour.shift(np.array([self._drawn(_SHIFT, rng) for _ in range(3)]) * (rng.random() < 0.5)),
            colour.hue_saturation(self._drawn(_HUE, rng), 1 + self._drawn(_SATURATION, rng)),
            colour.brightness_contrast(
                self._drawn(_BRIGHTNESS, rng), 1 + self._drawn(_CONTRAST, rng), cv2.mean(pixels)[:3]
            ),
        )
        pixels = colour.apply(pixels, change)
        amount = abs(self._drawn(1, rng))
        if rng.random() < _SOFTER:
            way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(2)]
            return detail.soften(pixels, 1 + _SOFTENING * amount, way)
        return detail.sharpen(pixels, _SHARPENING * amount, rng.uniform(0.8, 1.6))

    def _moved(self, pixels: np.ndarray, box: tuple[slice, slice], rng: np.random.Generator) -> np.ndarray:
        """The box of a copy that is moved, scaled and warped."""
        side = min(pixels.shape[:2])
        rows, columns = box
        move = [self.strength * most * rng.uniform(-1, 1) * side for most in _MOVE]
        scale = [np.exp(self.strength * _SCALE * rng.uniform(-1, 1)) for _ in range(2)]
        field = smooth_field(
            (rows.stop - rows.start, columns.stop - columns.start),
            rng.uniform(5, 10),
            _ELASTIC * side * self.strength * rng.uniform(0.5, 1.5),
            rng,
        )
        field += np.array(move, np.float32)[:, None, None]
        return warp(pixels, field, box, scale, cv2.INTER_CUBIC)

    def _drawn(self, most: float, rng: np.random.Generator) -> float:
        """Either sign, evenly from the least to the most."""
        return self.strength * most * rng.uniform(_LEAST, 1) * rng.choice((-1, 1))
