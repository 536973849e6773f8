"""Resampled faces look like their parents; their spectrum does not."""

import numpy as np
import pytest
from synthesis_parents import drawn_parent

from data.example import FAKE, REAL
from data.synthesis.makers import resample
from data.synthesis.makers.resample import ResampleMaker
from data.synthesis.makers.upsampling import BILINEAR, CHECKERBOARD, NEAREST

SEEDS = range(60)


@pytest.fixture(scope="module")
def parent():
    return drawn_parent(0)


@pytest.fixture(scope="module")
def children(parent):
    with ResampleMaker() as maker:
        return maker.make([parent] * len(SEEDS), list(SEEDS))


def test_it_edits_real_images_and_makes_fakes():
    assert (ResampleMaker.name, ResampleMaker.parent_labels, ResampleMaker.label) == (
        "resample",
        (REAL,),
        FAKE,
    )


def test_every_edit_occurs_all_over_the_image_and_within_the_face(parent, children):
    for edit in (NEAREST, BILINEAR, CHECKERBOARD):
        changed = [_is_whole(child, parent) for child in children if child.edit == edit]
        assert len(changed) >= 10
        assert 0.2 < np.mean(changed) < 0.8


def test_the_eye_hardly_sees_it(children):
    assert all(0.3 < child.strength < 8 for child in children)


def test_sharpness_stays(parent, children):
    ratios = [
        _sharpness(child.pixels) / _sharpness(parent.pixels) for child in children if _is_whole(child, parent)
    ]
    assert len(ratios) >= 15
    # Without giving up detail they would get up to an eighth sharper.
    np.testing.assert_allclose(ratios, 1, atol=0.01)


def _is_whole(child, parent):
    return np.abs(child.pixels[:8].astype(int) - parent.pixels[:8]).max() > 0


def _sharpness(pixels):
    luma = np.pad(pixels.astype(float) @ np.array([0.299, 0.587, 0.114]), 1, mode="reflect")
    neighbours = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return np.sqrt(((neighbours - 4 * luma[1:-1, 1:-1]) ** 2).mean())


def test_the_spectrum_of_a_checkerboard_has_peaks_at_the_nyquist_frequency_and_its_half():
    """Of a flat image, into which the others draw nothing."""
    flat = np.full((96, 96, 3), 128, np.uint8)
    shares, peaks = [], []
    for seed in SEEDS:
        child = ResampleMaker().edit(flat, np.random.default_rng(seed))
        change = child.pixels[..., 0].astype(float) - 128
        if child.edit != CHECKERBOARD:
            assert not change.any()
        elif change[:8].any():
            power = np.abs(np.fft.fft2(change)) ** 2
            power[0, 0] = 0
            shares.append(power[::24, ::24].sum() / power.sum())
            peaks.append(max(power[0, 48], power[48, 0], power[48, 48]) / power.max())
    assert len(shares) >= 5
    # The rest is where the image ends, and what was rounded.
    assert min(shares) > 0.8
    assert np.median(peaks) > 0.5


def test_a_checkerboard_raises_the_nyquist_frequencies_of_a_photograph(parent, children):
    rises = [
        _nyquist(child.pixels) / _nyquist(parent.pixels)
        for child in children
        if child.edit == CHECKERBOARD and _is_whole(child, parent)
    ]
    assert np.median(rises) > 5


def _nyquist(pixels):
    """Power of the luma at half the sampling rate: across, down and both."""
    luma = pixels.astype(float) @ np.array([0.299, 0.587, 0.114])
    power = np.abs(np.fft.fft2(luma - luma.mean())) ** 2
    rows, columns = luma.shape
    return power[0, columns // 2] + power[rows // 2, 0] + power[rows // 2, columns // 2]


def test_nearest_draws_pixels_of_a_block_together():
    """On a ramp, where smooth enlargement draws none."""
    ramp = np.broadcast_to(np.arange(0, 256, 2, dtype=np.uint8)[None, :, None], (128, 128, 3)).copy()
    steps = [
        np.diff(child.pixels[64, 40:80, 0].astype(int))
        for child in (ResampleMaker(1.0).edit(ramp, np.random.default_rng(seed)) for seed in SEEDS)
        if child.edit == NEAREST and np.abs(child.pixels[:8].astype(int) - ramp[:8]).max() > 0
    ]
    assert len(steps) >= 5
    for one in steps:
        period = 2 if np.array_equal(one[:-2], one[2:]) else 4
        assert np.array_equal(one[:-period], one[period:])
        assert one[:4].sum() == 8
        assert np.ptp(one) >= 1


def test_the_strength_is_the_mean_change_where_all_is_edited(parent, children):
    for child in children:
        change = np.abs(child.pixels.astype(int) - parent.pixels)
        if _is_whole(child, parent):
            assert child.strength == pytest.approx(change.mean())
        else:
            assert child.strength > change.mean()


@pytest.mark.parametrize(("height", "width"), [(64, 64), (65, 131), (127, 66)])
def test_any_size(height, width):
    parent = drawn_parent(3, height, width)
    for seed in range(12):
        child = ResampleMaker().edit(parent.pixels, np.random.default_rng(seed))
        assert (child.pixels.shape, child.pixels.dtype) == (parent.pixels.shape, np.uint8)
        assert child.pixels.flags.c_contiguous


def test_an_image_edited_in_bands_is_the_same(monkeypatch):
    parent = drawn_parent(4, 150, 90)
    whole = [ResampleMaker().edit(parent.pixels, np.random.default_rng(seed)).pixels for seed in range(16)]
    monkeypatch.setattr(resample, "_PIXELS_AT_ONCE", 90 * 24)
    bands = [ResampleMaker().edit(parent.pixels, np.random.default_rng(seed)).pixels for seed in range(16)]
    for one, other in zip(whole, bands, strict=True):
        # Filters may sum in another order.
        assert np.abs(one.astype(int) - other).max() <= 1
        assert (one != other).mean() < 1e-3


def test_sharpness_is_measured_in_the_middle_of_large_images(monkeypatch):
    parent = drawn_parent(5, 150, 110)
    monkeypatch.setattr(resample, "_MEASURED", 64)
    sizes = []
    original = resample.detail_to_give_up
    monkeypatch.setattr(
        resample,
        "detail_to_give_up",
        lambda image, *rest: sizes.append(image.shape) or original(image, *rest),
    )
    ResampleMaker().edit(parent.pixels, np.random.default_rng(0))
    assert sizes == [(64, 64, 3)]
