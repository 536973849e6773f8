"""The physics of light that relighting needs: sRGB, colour temperature, adaptation and shading."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

#: Colour temperature of the Planckian radiator nearest to sRGB's white, D65; in kelvin.
DAYLIGHT = 6504.0
#: Range of :func:`planckian_xy`, in kelvin.
_COLDEST, _WARMEST = 25000.0, 1667.0

# IEC 61966-2-1 (sRGB): linear RGB to CIE XYZ, white of D65.
_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], dtype=np.float64
)
# CIE XYZ to sharpened cones: Lam, "Metamerism and Colour Constancy", University of Bradford, 1985; as in ICC.1:2010.
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]], dtype=np.float64
)
_FROM_XYZ, _FROM_CONES = np.linalg.inv(_TO_XYZ), np.linalg.inv(_BRADFORD)


def to_linear(encoded: np.ndarray) -> np.ndarray:
    """Decodes sRGB to linear light (IEC 61966-2-1).

    Args:
        encoded: values 0 to 1.

    Returns:
        Values 0 to 1, in proportion to the light.
    """
    encoded = np.asarray(encoded)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Encodes linear light as sRGB (IEC 61966-2-1); the inverse of :func:`to_linear`."""
    linear = np.asarray(linear)
    return np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    )


def planckian_xy(kelvin: float) -> tuple[float, float]:
    """Chromaticity of a Planckian radiator.

    Source: Kim et al., "Design of advanced color temperature control system for HDTV applications", Journal of the
    Korean Physical Society 41(6), 2002: cubic splines, within 0.0005 of the locus.

    Args:
        kelvin: 1667 to 25000.

    Returns:
        x and y of CIE 1931.

    Raises:
        ValueError: the temperature is out of range.
    """
    if not _WARMEST <= kelvin <= _COLDEST:
        raise ValueError(f"Expected a temperature of {_WARMEST:g} to {_COLDEST:g} K, received {kelvin:g}.")
    t = 1e3 / kelvin
    if kelvin <= 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    return x, y


def adaptation(source: tuple[float, float], target: tuple[float, float]) -> np.ndarray:
    """What becomes of colours of one white under another: von Kries' gains, on Bradford's sharpened cones.

    Source: Lam, 1985 (Bradford); ICC.1:2010, annex E; with the complete scaling of von Kries.

    Args:
        source: x and y of the white that is.
        target: x and y of the white that it becomes, at the same luminance.

    Returns:
        float64 ``[3, 3]``, for CIE XYZ.
    """
    gains = (_BRADFORD @ _xyz(target)) / (_BRADFORD @ _xyz(source))
    return _FROM_CONES @ np.diag(gains) @ _BRADFORD


@lru_cache(maxsize=64)
def white_balance(kelvin: float) -> np.ndarray:
    """A picture that was right for daylight, seen as if its light had been of another temperature.

    Args:
        kelvin: of the light: below 6504 the picture becomes warmer, above it cooler.

    Returns:
        float64 ``[3, 3]``, for linear sRGB.
    """
    return _FROM_XYZ @ adaptation(planckian_xy(DAYLIGHT), planckian_xy(kelvin)) @ _TO_XYZ


def irradiance(cosine: np.ndarray) -> np.ndarray:
    """Light that a matt (Lambertian) surface gets from a distant lamp, in spherical harmonics up to the second order.

    The first nine harmonics hold more than 99 % of the clamped cosine's energy, and are what soft lamps leave: no
    hard terminator. For one lamp the sum over the harmonics is, by their addition theorem, a polynomial in the angle
    between normal and lamp: 3/32 + c/2 + 15/32 · c².

    Source: Ramamoorthi and Hanrahan, "An Efficient Representation for Irradiance Environment Maps", SIGGRAPH 2001,
    equations 4 to 8 (there with A0 = π, A1 = 2π/3, A2 = π/4, here divided by π).

    Args:
        cosine: of the angle between normal and lamp, -1 to 1.

    Returns:
        0 or more; about 1 where the lamp stands upright over the surface.
    """
    # The harmonics swing below 0 by at most 0.04, near c = -0.53.
    return np.maximum(0, 3 / 32 + cosine / 2 + 15 / 32 * cosine**2)


def face_normals(x: np.ndarray, y: np.ndarray, height_to_width: float) -> np.ndarray:
    """Normals of a smooth bump with the outline of a face; the background looks at the camera.

    The bump is a Gaussian over an ellipse: near its middle like an ellipsoid, and without an ellipsoid's edge.

    Args:
        x: float64 ``[1, W]``: columns, from the face's middle, in units of half its width.
        y: float64 ``[H, 1]``: rows, from the face's middle, in units of half its height.
        height_to_width: of the face.

    Returns:
        float64 ``[H, W, 3]``, of length 1: to the right, downwards and to the camera.
    """
    # Steepest along its outline, one standard deviation from the middle, where exp(1/2) makes it 45 degrees.
    bump = np.exp((1 - x**2 - y**2) / 2)
    normals = np.stack([x * bump, y * bump / height_to_width, np.ones_like(bump)], axis=-1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def _xyz(chromaticity: tuple[float, float]) -> np.ndarray:
    x, y = chromaticity
    return np.array([x / y, 1.0, (1 - x - y) / y])
