"""Relit faces get smooth light, keep their mean luminance, and white balance keeps luminance altogether."""

import numpy as np
import pytest
from synthesis_parents import drawn_parent

from data.synthesis.makers import lighting
from data.synthesis.makers.light import to_linear
from data.synthesis.makers.lighting import LightingMaker, lit

SEEDS = range(40)
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@pytest.fixture(scope="module")
def children():
    """Of a grey wall, by edit."""
    grey = np.full((96, 80, 3), 120, np.uint8)
    made = [LightingMaker().edit(grey, np.random.default_rng(seed)) for seed in SEEDS]
    return {edit: [child for child in made if child.edit == edit] for edit in ("relighting", "white_balance")}


def _luminance(pixels):
    return to_linear(pixels / 255) @ LUMINANCE


def test_the_label_is_the_parents():
    assert (LightingMaker.name, LightingMaker.label) == ("lighting", None)


def test_both_edits_are_as_frequent(children):
    assert 10 <= len(children["relighting"]) <= 30
    assert len(children["relighting"]) + len(children["white_balance"]) == len(SEEDS)


def test_a_lamp_casts_grey_and_smooth_shades(children):
    for child in children["relighting"]:
        levels = child.pixels.astype(int)
        assert np.ptp(levels, axis=2).max() == 0
        assert np.ptp(levels) >= 15
        assert max(np.abs(np.diff(levels, axis=axis)).max() for axis in (0, 1)) <= 12
        exposure = np.log2(_luminance(child.pixels).mean() / _luminance(np.full(3, 120)))
        assert -0.35 < exposure < 0.25


def test_lamps_hang_on_both_sides_and_hardly_below(children):
    levels = np.stack([child.pixels[..., 0].astype(int) for child in children["relighting"]])
    right = (levels[:, 30:70, 50:70].mean(axis=(1, 2)) > levels[:, 30:70, 10:30].mean(axis=(1, 2))).mean()
    above = (levels[:, 20:45].mean(axis=(1, 2)) > levels[:, 60:85].mean(axis=(1, 2))).mean()
    assert 0.2 < right < 0.8
    assert above > 0.7


def test_white_balance_tints_and_keeps_the_luminance(children):
    warm = 0
    for child in children["white_balance"]:
        red, _, blue = child.pixels[0, 0].astype(int)
        assert (child.pixels == child.pixels[0, 0]).all()
        assert abs(red - blue) >= 6
        assert _luminance(child.pixels[0, 0]) == pytest.approx(_luminance(np.full(3, 120)), rel=0.03)
        warm += red > blue
    assert 0.2 < warm / len(children["white_balance"]) < 0.8


def test_the_strength_is_the_mean_change():
    parent = drawn_parent(1)
    for seed in range(6):
        child = LightingMaker().edit(parent.pixels, np.random.default_rng(seed))
        change = np.abs(child.pixels.astype(int) - parent.pixels).mean()
        assert child.strength == pytest.approx(change)
        assert child.pixels.shape == parent.pixels.shape
        stronger = LightingMaker(2.0).edit(parent.pixels, np.random.default_rng(seed))
        assert stronger.edit == child.edit
        # No light gets cooler than 9000 K.
        assert stronger.strength > (1.2 if child.edit == "relighting" else 0.999) * child.strength


def test_black_stays_black():
    black = np.zeros((64, 64, 3), np.uint8)
    assert all(not LightingMaker().edit(black, np.random.default_rng(seed)).pixels.any() for seed in range(6))


def test_highlights_roll_off_in_order_and_shadows_are_multiplied():
    light = np.linspace(0, 1, 101)
    np.testing.assert_allclose(lit(light, np.array(0.7)), 0.7 * light)
    bright = lit(light, np.array(1.8))
    assert np.all(np.diff(bright) > 0)
    assert bright[-1] == 1
    np.testing.assert_allclose(bright[:4], 1.8 * light[:4], rtol=0.02)


def test_an_image_edited_in_bands_is_the_same(monkeypatch):
    parent = drawn_parent(2, 70, 90)
    whole = [LightingMaker().edit(parent.pixels, np.random.default_rng(seed)).pixels for seed in range(6)]
    monkeypatch.setattr(lighting, "_PIXELS_AT_ONCE", 1000)
    bands = [LightingMaker().edit(parent.pixels, np.random.default_rng(seed)).pixels for seed in range(6)]
    for one, other in zip(whole, bands, strict=True):
        # The mean luminance is summed in another order.
        assert np.abs(one.astype(int) - other).max() <= 1
