"""How generators enlarge: three ways, with the traces that each leaves."""

from __future__ import annotations

import cv2
import numpy as np

NEAREST, BILINEAR, CHECKERBOARD = "nearest", "bilinear", "checkerboard"

#: Linear interpolation as a transposed convolution of stride 2: every pixel of the result gets weights that sum to 1.
_EVEN = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])
_LUMA = np.array([[0.299, 0.587, 0.114]])  # ITU-R BT.601


def uneven_kernel(unevenness: float, rng: np.random.Generator) -> np.ndarray:
    """A kernel of 3 x 3 as training leaves them: its weights overlap unevenly at stride 2.

    Args:
        unevenness: share of a random kernel in it; the rest is linear interpolation, which leaves no checkerboard.
        rng: draws the random part, evenly from 0.5 to 1.5 before it is scaled.

    Returns:
        float64 ``[3, 3]``, of sum 4, which keeps the mean.
    """
    drawn = rng.uniform(0.5, 1.5, (3, 3))
    return (1 - unevenness) * _EVEN + unevenness * drawn * (4 / drawn.sum())


def transposed_convolution(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Enlarges an image twice: zeros between its pixels, then a convolution.

    Where the kernel's size is no multiple of the stride, pixels of the result get unequal numbers of weights: a
    checkerboard. Source: Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts", Distill, 2016,
    https://doi.org/10.23915/distill.00003.

    Args:
        image: float32 ``[H, W, 3]``.
        kernel: ``[3, 3]``.

    Returns:
        float32 ``[2 H, 2 W, 3]``.
    """
    height, width, channels = image.shape
    spread = np.zeros((2 * height, 2 * width, channels), np.float32)
    spread[::2, ::2] = image
    # filter2D correlates. Beyond its last row and column the image goes on, mirrored, as it does before its first.
    return cv2.filter2D(spread, -1, np.flip(kernel), borderType=cv2.BORDER_REFLECT_101)


def reduced_and_enlarged(
    image: np.ndarray, edit: str, factor: int, kernel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Reduces an image and enlarges it again, as a generator does and without its traces.

    Args:
        image: float32 ``[H, W, 3]``, both multiples of the factor.
        edit: nearest, bilinear or checkerboard.
        factor: 2 or 4.
        kernel: of the checkerboard's transposed convolutions.

    Returns:
        Two of float32 ``[H, W, 3]``: enlarged the generator's way, and smoothly. Their difference are the spectral
        replicas that upsampling leaves (Zhang, Karaman and Chang, "Detecting and Simulating Artifacts in GAN Fake
        Images", WIFS 2019, section III; Durall, Keuper and Keuper, "Watch your Up-Convolution", CVPR 2020).
    """
    height, width = image.shape[:2]
    if edit == CHECKERBOARD:
        levels = factor.bit_length() - 1
        small = image
        for _ in range(levels):
            small = cv2.pyrDown(small)
        smooth = generated = small
        for _ in range(levels):
            smooth = cv2.pyrUp(smooth)
            generated = transposed_convolution(generated, kernel)
        return generated, smooth
    small = cv2.resize(image, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    way = cv2.INTER_NEAREST if edit == NEAREST else cv2.INTER_LINEAR
    return tuple(cv2.resize(small, (width, height), interpolation=one) for one in (way, cv2.INTER_CUBIC))


def detail_to_give_up(image: np.ndarray, trace: np.ndarray, detail: np.ndarray) -> float:
    """How much detail must go for a trace to come, so that the image is as sharp as before.

    Sharpness is the energy of the luma's Laplacian, as in :mod:`data.images.cues`. It solves
    ``|L(image + trace - share * detail)|² = |L(image)|²`` for the least change; where no share does, for the nearest.

    Args:
        image: float32 ``[H, W, 3]``.
        trace: float32 ``[H, W, 3]``, is added.
        detail: float32 ``[H, W, 3]``, of the image.

    Returns:
        The share, -0.5 to 1. Below 0 where the trace softens the image.
    """
    before, added, gone = (_laplacian(part) for part in (image, trace, detail))
    after = before + added
    a, b = _product(gone, gone), _product(after, gone)
    c = _product(after, after) - _product(before, before)
    if a <= 0:
        return 0.0
    root = np.sqrt(max(0.0, b * b - a * c))
    share = min(((b - root) / a, (b + root) / a), key=abs)
    return float(np.clip(share, -0.5, 1))


def _laplacian(image: np.ndarray) -> np.ndarray:
    return cv2.Laplacian(cv2.transform(image, _LUMA), cv2.CV_32F, ksize=1)


def _product(one: np.ndarray, other: np.ndarray) -> float:
    return float((one * other).sum(dtype=np.float64))
