"""Known points of sRGB, of the Planckian locus, of chromatic adaptation and of Lambert's law."""

import numpy as np
import pytest
from numpy.polynomial import legendre
from scipy import integrate

from data.synthesis.makers.light import (
    adaptation,
    face_normals,
    irradiance,
    planckian_xy,
    to_linear,
    to_srgb,
    white_balance,
)

_D65, _D50, _A = (0.31272, 0.32903), (0.34567, 0.35850), (0.44757, 0.40745)


@pytest.mark.parametrize(
    ("encoded", "linear"),
    # Black, white, the joint of both pieces, middle grey, and what 18 % of light is encoded as.
    [(0, 0), (1, 1), (0.04045, 0.0031308), (128 / 255, 0.2158605), (0.5, 0.2140411), (0.4613561, 0.18)],
)
def test_srgb_at_known_points(encoded, linear):
    assert to_linear(encoded) == pytest.approx(linear, abs=1e-6)
    assert to_srgb(linear) == pytest.approx(encoded, abs=1e-5)


@pytest.mark.parametrize(
    ("kelvin", "x", "y"),
    # Wyszecki and Stiles, "Color Science", 2nd edition, table 1(3.11); 2856 K is CIE illuminant A.
    [
        (2000, 0.5267, 0.4133),
        (2500, 0.4770, 0.4137),
        (2856, 0.4476, 0.4074),
        (4000, 0.3805, 0.3768),
        (5000, 0.3451, 0.3516),
        (6500, 0.3135, 0.3237),
        (10000, 0.2807, 0.2884),
    ],
)
def test_planckian_radiators_at_known_temperatures(kelvin, x, y):
    assert planckian_xy(kelvin) == pytest.approx((x, y), abs=6e-4)


@pytest.mark.parametrize("kelvin", [1000, 30000])
def test_temperatures_out_of_range(kelvin):
    with pytest.raises(ValueError, match="Expected a temperature of 1667 to 25000 K"):
        planckian_xy(kelvin)


def test_bradford_matrices_as_published():
    """Bruce Lindbloom, "Chromatic Adaptation": D65 to D50 and D65 to A."""
    to_d50 = [
        [1.0478112, 0.0228866, -0.0501270],
        [0.0295424, 0.9904844, -0.0170491],
        [-0.0092345, 0.0150436, 0.7521316],
    ]
    to_a = [
        [1.2164557, 0.1109905, -0.1549325],
        [0.1533326, 0.9152313, -0.0559953],
        [-0.0239469, 0.0358984, 0.3147529],
    ]
    np.testing.assert_allclose(adaptation(_D65, _D50), to_d50, atol=3e-4)
    np.testing.assert_allclose(adaptation(_D65, _A), to_a, atol=3e-4)


def test_white_becomes_the_new_white():
    """Tungsten turns white into an orange, whose linear sRGB follows from its chromaticity alone."""
    white = white_balance(6504.0) @ np.ones(3)
    np.testing.assert_allclose(white, 1, atol=1e-9)
    warm, cool = white_balance(2856.0) @ np.ones(3), white_balance(9000.0) @ np.ones(3)
    assert warm[0] > 1 > warm[1] > warm[2]
    assert cool[0] < 1 < cool[2]
    luminance = np.array([0.2126, 0.7152, 0.0722])
    assert (warm @ luminance, cool @ luminance) == pytest.approx((1, 1), abs=5e-3)
    # XYZ of illuminant A (1.09850, 1, 0.35585) by the matrix of IEC 61966-2-1.
    expected = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    # D65 lies a little off the locus, on which the way begins.
    np.testing.assert_allclose(warm, expected @ [1.09850, 1.0, 0.35585], atol=0.06)


def test_irradiance_is_the_clamped_cosine_up_to_the_second_harmonic():
    cosine = np.linspace(-1, 1, 20001)
    clamped = np.maximum(cosine, 0)
    polynomials = [legendre.legval(cosine, row) for row in np.eye(3)]
    coefficients = [
        (2 * order + 1) / 2 * integrate.trapezoid(clamped * polynomial, cosine)
        for order, polynomial in enumerate(polynomials)
    ]
    expected = np.maximum(0, legendre.legval(cosine, coefficients))
    np.testing.assert_allclose(irradiance(cosine), expected, atol=1e-6)
    assert np.abs(irradiance(cosine) - clamped).max() < 0.1


def test_normals_look_at_the_camera_in_the_middle_and_far_away_and_outwards_between():
    x, y = (np.arange(200) - 100) / 30, (np.arange(200) - 110) / 40
    normals = face_normals(x[None, :], y[:, None], 4 / 3)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(normals[110, 100], [0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(normals[0, 0], [0, 0, 1], atol=0.1)
    np.testing.assert_allclose(normals[110, 130], [np.sqrt(0.5), 0, np.sqrt(0.5)], atol=1e-5)
    assert normals[110, 70, 0] == pytest.approx(-normals[110, 130, 0])
    assert normals[70, 100, 1] < -0.5 < 0.5 < normals[150, 100, 1]
