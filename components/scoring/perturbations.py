"""What may have happened to an image before it is judged: named perturbations, each of a stated severity.

Compression and blur are those of Wang et al., "CNN-generated images are surprisingly easy to spot... for now", CVPR
2020; to measure a detector at rising severities that it was not tuned for, on the same test images and at the same
threshold, is the idea of Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and
perturbations", ICLR 2019.
"""

import dataclasses
import functools
import hashlib
import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from data.images.decode_check import decode_rgb

_REFERENCE_SIDE = 224
_SCREENSHOT_GAMMA = 1.1
_SCREENSHOT_QUALITY = 80
_SCREENSHOT_CUT = 4

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""From uint8 `[height, width, 3]` to uint8 `[height', width', 3]`."""


@dataclasses.dataclass(frozen=True)
class Perturbation:
    """One perturbation of an encoded image.

    Attributes:
        name: what the table of scores calls it, such as `jpeg-50`.
        kind: what it does, in words; the perturbations of a kind differ in severity only.
        severity: how far it goes, in `unit`.
        unit: of the severity, in words.
        change: what happens to the pixels; the generator is its only source of chance.
        jpeg_quality: of the JPEG (4:2:0) that the result is saved as; None for a PNG, which loses nothing.
    """

    name: str
    kind: str
    severity: float
    unit: str
    change: Change
    jpeg_quality: int | None = None

    def apply(self, encoded: bytes) -> bytes:
        """Perturbs an image, in the same way each time: chance is seeded by the image and the name.

        Args:
            encoded: JPEG or PNG; decoded as for training and serving, so alpha is dropped and grey repeated.

        Returns:
            A JPEG or PNG in colour, without metadata; smaller than the input only where `kind` says so.

        Raises:
            RejectedImageError: it cannot be decoded.
        """
        seed = hashlib.sha256(self.name.encode() + b"\0" + hashlib.sha256(encoded).digest()).digest()
        changed = self.change(decode_rgb(encoded), np.random.default_rng(int.from_bytes(seed, "big")))
        return _png(changed) if self.jpeg_quality is None else _jpeg(changed, self.jpeg_quality)


def unchanged(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """The pixels as they are: how they are saved is the perturbation."""
    return pixels


def blur(pixels: np.ndarray, _: np.random.Generator, sigma: float) -> np.ndarray:
    """Blurs with a Gaussian; beyond an edge, what lies before it is repeated in reverse.

    Args:
        pixels: uint8 `[height, width, 3]`.
        sigma: standard deviation in pixels where the shorter side has 224, in proportion at others.
    """
    scaled = sigma * min(pixels.shape[:2]) / _REFERENCE_SIDE
    return _to_8_bits(ndimage.gaussian_filter(pixels.astype(np.float32), (scaled, scaled, 0), mode="reflect"))


def downscale(pixels: np.ndarray, _: np.random.Generator, share: float) -> np.ndarray:
    """Resizes to a share of each side and back to the size it had, bicubic, antialiased on the way down.

    Args:
        pixels: uint8 `[height, width, 3]`.
        share: in (0, 1].
    """
    height, width, _ = pixels.shape
    return _resize(_resize(pixels, _shares(height, width, share)), (height, width))


def add_noise(pixels: np.ndarray, rng: np.random.Generator, deviation: float) -> np.ndarray:
    """Adds Gaussian noise, drawn for each channel of each pixel.

    Args:
        pixels: uint8 `[height, width, 3]`.
        rng: draws it.
        deviation: standard deviation, where the whole range of values is 1.
    """
    noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(255 * deviation)
    return _to_8_bits(pixels + noise)


def brighten(pixels: np.ndarray, _: np.random.Generator, change: float) -> np.ndarray:
    """Multiplies all values by `1 + change`; what goes beyond white is white.

    Args:
        pixels: uint8 `[height, width, 3]`.
        change: at least -1; below 0 darkens.
    """
    return _to_8_bits(pixels.astype(np.float32) * np.float32(1 + change))


def crop(pixels: np.ndarray, _: np.random.Generator, share: float) -> np.ndarray:
    """Cuts out the middle.

    Args:
        pixels: uint8 `[height, width, 3]`.
        share: of each side, in (0, 1].
    """
    height, width, _ = pixels.shape
    rows, columns = _shares(height, width, share)
    top, left = (height - rows) // 2, (width - columns) // 2
    return pixels[top : top + rows, left : left + columns]


def screenshot(pixels: np.ndarray, _: np.random.Generator, share: float) -> np.ndarray:
    """What an image becomes when somebody takes a screenshot of it and sends that on.

    It is shown at a share of its size (bicubic) on a display that is a little darker in the middle tones (gamma
    1.1); the screenshot is saved as a JPEG of quality 80, 4:2:0. Somebody cuts it a little, by 4 pixels on the left
    and at the top, so that the blocks of the next JPEG lie elsewhere; that one is `Perturbation.jpeg_quality`, 80
    again. No borders are added.

    Args:
        pixels: uint8 `[height, width, 3]`, sides of more than `4 / share` pixels.
        share: of each side, in (0, 1].
    """
    shown = _resize(pixels, _shares(*pixels.shape[:2], share))
    darker = _to_8_bits(255 * (shown.astype(np.float32) / 255) ** np.float32(_SCREENSHOT_GAMMA))
    return decode_rgb(_jpeg(darker, _SCREENSHOT_QUALITY))[_SCREENSHOT_CUT:, _SCREENSHOT_CUT:]


def _perturbation(
    name: str, kind: str, unit: str, severity: float, change: Change, jpeg_quality: int | None = None
) -> Perturbation:
    return Perturbation(f"{name}-{severity:g}", kind, severity, unit, change, jpeg_quality)


PERTURBATIONS = (
    *(
        _perturbation("jpeg", "JPEG compression", "IJG quality", quality, unchanged, quality)
        for quality in (90, 75, 50, 30)
    ),
    *(
        _perturbation(
            "blur",
            "Gaussian blur",
            "pixels at a side of 224 (standard deviation)",
            sigma,
            functools.partial(blur, sigma=sigma),
        )
        for sigma in (1.0, 2.0, 3.0)
    ),
    *(
        _perturbation(
            "downscale",
            "downscaling and back",
            "share of the side",
            share,
            functools.partial(downscale, share=share),
        )
        for share in (0.5, 0.25)
    ),
    *(
        _perturbation(
            "noise",
            "Gaussian noise",
            "share of the range of values (standard deviation)",
            deviation,
            functools.partial(add_noise, deviation=deviation),
        )
        for deviation in (0.02, 0.05)
    ),
    *(
        _perturbation(
            "brightness", "brightness", "relative change", change, functools.partial(brighten, change=change)
        )
        for change in (-0.3, 0.3)
    ),
    *(
        _perturbation("crop", "centre crop", "share of the side", share, functools.partial(crop, share=share))
        for share in (0.9, 0.8)
    ),
    _perturbation(
        "screenshot",
        "screenshot",
        "share of the side",
        0.85,
        functools.partial(screenshot, share=0.85),
        _SCREENSHOT_QUALITY,
    ),
)
"""All that are measured, kind by kind, from the mildest on."""


def _shares(height: int, width: int, share: float) -> tuple[int, int]:
    return max(1, round(height * share)), max(1, round(width * share))


def _resize(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _png(pixels: np.ndarray) -> bytes:
    # Not packed: it is read once, in this process, and packing would take longer than all else together.
    return _save(pixels, "PNG", compress_level=0)


def _jpeg(pixels: np.ndarray, quality: int) -> bytes:
    # 4:2:0: what cameras, messengers and the web use.
    return _save(pixels, "JPEG", quality=quality, subsampling="4:2:0")


def _save(pixels: np.ndarray, image_format: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, image_format, **settings)
    return buffer.getvalue()
