"""Sizes that OmniGen has, and the way back."""

from collections.abc import Callable

import numpy as np
from PIL import Image

#: Sides of what the model sees are multiples of this: 8 pixels a latent, two latents a token.
STEP = 16
#: Longer images are made smaller: the model was trained up to here, and its memory grows with the number of pixels.
LONGEST_SIDE = 1024

Restore = Callable[[np.ndarray], np.ndarray]


def fitted(pixels: np.ndarray) -> tuple[np.ndarray, Restore]:
    """Brings an image to a size that OmniGen can give back as it is.

    Up to 1,024 pixels a side nothing is resampled: the image is mirrored at its right and lower edge up to the next
    multiple of 16, and the edit loses that part again. A longer one is made smaller, and its edit as large as it was,
    which leaves traces of resampling. Without this, the pipeline would cut the edges off.

    Args:
        pixels: uint8 ``[H, W, 3]``.

    Returns:
        uint8 ``[H', W', 3]``, both multiples of 16 and at most 1,024; and what makes an edit of that size, uint8, as
        large as ``pixels``.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    small = _resized(pixels, size)
    padding = [(0, -side % STEP) for side in size]

    def restore(edited: np.ndarray) -> np.ndarray:
        return _resized(np.ascontiguousarray(edited[: size[0], : size[1]]), (height, width))

    return np.pad(small, [*padding, (0, 0)], mode="symmetric"), restore


def _resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if pixels.shape[:2] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size[::-1], Image.Resampling.LANCZOS))
