"""Makers without any model."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from data.example import FAKE
from data.synthesis.maker import Child, Maker, Parent


class Inverting(Maker):
    """Turns light and dark round, which no cue but the brightness can tell."""

    name = "inverting"
    label = FAKE
    batch_size = 4

    def settings(self) -> dict:
        return {"by": 255}

    def make(self, parents: Sequence[Parent], seeds: Sequence[int]) -> list[Child]:
        return [
            Child(255 - parent.pixels, strength=seed % 7, prompt=f"<{seed}>", edit="invert")
            for parent, seed in zip(parents, seeds, strict=True)
        ]


class Blurring(Maker):
    """Takes the sharpness away, which gives its children away."""

    name = "blurring"
    label = FAKE

    def settings(self) -> dict:
        return {}

    def make(self, parents: Sequence[Parent], seeds: Sequence[int]) -> list[Child]:
        blur = ImageFilter.GaussianBlur(1.5)
        return [Child(np.asarray(Image.fromarray(one.pixels).filter(blur)), 1.5) for one in parents]
