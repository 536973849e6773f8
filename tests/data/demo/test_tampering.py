"""Tampering changes the face, smoothly, and nothing else."""

import numpy as np
import pytest

from data.demo.faces import draw_face
from data.demo.tampering import resample, soft_mask, tamper


@pytest.fixture(params=range(5))
def case(request):
    rng = np.random.default_rng(request.param)
    return draw_face(rng, 96), rng


def test_only_the_face_is_touched(case):
    face, rng = case
    tampered = tamper(face.pixels, face.centre, face.radii, rng)
    assert (tampered.shape, tampered.dtype) == (face.pixels.shape, face.pixels.dtype)
    y, x = np.mgrid[0:96, 0:96]
    distance = np.hypot((x - face.centre[0]) / face.radii[0], (y - face.centre[1]) / face.radii[1])
    change = np.abs(tampered - face.pixels).mean(axis=-1)
    assert change[distance > 1.35].max(initial=0) < 0.5
    assert change[distance < 0.5].mean() > 2


def test_the_mask_is_soft_and_covers_the_inner_face(case):
    face, rng = case
    mask = soft_mask(96, face.centre, face.radii, rng)
    assert mask.min() >= 0
    assert mask.max() <= 1 + 1e-9
    assert mask[round(face.centre[1]), round(face.centre[0])] > 0.95
    assert np.abs(np.diff(mask, axis=0)).max() < 0.6


def test_resampling_keeps_flat_colour_and_loses_grain():
    flat = np.full((96, 96, 3), 120.0)
    grain = np.random.default_rng(0).normal(0, 10, flat.shape)
    np.testing.assert_allclose(resample(flat, 2.0), flat)
    assert resample(flat + grain, 2.0).std() < 0.5 * grain.std()
