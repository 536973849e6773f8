"""Self-blended images differ from their parent within the mask, smoothly; chance comes from the seed alone."""

import numpy as np
import pytest
from synthesis_parents import drawn_parent

from data.example import FAKE, REAL
from data.synthesis.makers import blend, warping
from data.synthesis.makers.blend import BlendMaker

SEEDS = range(40)


@pytest.fixture(scope="module")
def parent():
    return drawn_parent(0)


@pytest.fixture(scope="module")
def children(parent):
    with BlendMaker() as maker:
        return maker.make([parent] * len(SEEDS), list(SEEDS))


def _border(pixels):
    return np.concatenate([pixels[:8].reshape(-1, 3), pixels[:, :8].reshape(-1, 3)]).astype(int)


def test_it_edits_real_images_and_makes_fakes():
    assert (BlendMaker.name, BlendMaker.parent_labels, BlendMaker.label) == ("blend", (REAL,), FAKE)


def test_either_the_face_or_all_around_it_is_the_parents(parent, children):
    changes = [np.abs(_border(child.pixels) - _border(parent.pixels)).max() for child in children]
    untouched = sum(change == 0 for change in changes)
    # The source or the target is the copy that is changed, each half the time.
    assert 10 <= untouched <= 30
    assert all(change == 0 or change >= 2 for change in changes)


def test_every_child_shows_that_it_is_one(parent, children):
    middle = np.s_[40:80, 24:72]
    for child in children:
        assert np.abs(child.pixels[middle].astype(int) - parent.pixels[middle]).max() >= 3
        assert child.strength > 0.5


def test_no_hard_edges(children):
    """A flat grey image has edges where the maker drew some."""
    flat = np.full((96, 96, 3), 128, np.uint8)
    for seed in SEEDS:
        pixels = BlendMaker(2.0).edit(flat, np.random.default_rng(seed)).pixels.astype(int)
        step = max(np.abs(np.diff(pixels, axis=axis)).max() for axis in (0, 1))
        assert step <= 0.3 * np.ptp(pixels, axis=(0, 1)).max() + 2


def test_the_strength_is_the_change_within_the_mask(monkeypatch, parent):
    mask = np.zeros((96, 96), np.float32)
    mask[30:70, 20:80] = 1
    monkeypatch.setattr(blend, "face_mask", lambda *_: mask)
    for seed in SEEDS:
        child = BlendMaker().edit(parent.pixels, np.random.default_rng(seed))
        if np.array_equal(_border(child.pixels), _border(parent.pixels)):
            change = np.abs(child.pixels.astype(int) - parent.pixels)
            assert child.strength == pytest.approx(change[30:70, 20:80].mean())
            assert change[mask == 0].max() == 0


def test_all_is_in_proportion_to_the_size():
    """An image enlarged four times gets the child of the small one, enlarged: same mask, same colours."""
    small = drawn_parent(1, 128, 128).pixels
    small = np.repeat(np.repeat(small[::8, ::8], 8, axis=0), 8, axis=1)
    large = np.repeat(np.repeat(small, 4, axis=0), 4, axis=1)
    for seed in (2, 3, 4):
        one = BlendMaker().edit(small, np.random.default_rng(seed)).pixels.astype(int)
        other = BlendMaker().edit(large, np.random.default_rng(seed)).pixels.astype(int)
        reduced = other.reshape(128, 4, 128, 4, 3).mean(axis=(1, 3))
        assert np.abs(reduced - one).mean() < 0.25 * np.abs(one - small).mean()


def test_elastic_displacements_are_in_proportion_to_the_size(monkeypatch):
    amplitudes = []
    monkeypatch.setattr(
        blend, "smooth_field", lambda *asked: amplitudes.append(asked[2]) or warping.smooth_field(*asked)
    )
    for size in (64, 256):
        BlendMaker().edit(np.full((size, size, 3), 99, np.uint8), np.random.default_rng(1))
    assert amplitudes[1] == pytest.approx(4 * amplitudes[0])


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 190), (181, 67), (300, 420)])
def test_any_size_and_shape(height, width):
    parent = drawn_parent(5, height, width)
    before = parent.pixels.copy()
    with BlendMaker() as maker:
        (child,) = maker.make([parent], [7])
    assert (child.pixels.shape, child.pixels.dtype) == ((height, width, 3), np.uint8)
    assert np.array_equal(parent.pixels, before)
    assert not np.array_equal(child.pixels, before)
    assert (child.prompt, child.edit) == ("", "")


def test_a_stronger_maker_changes_more(parent):
    means = [
        np.mean(
            [BlendMaker(strength).edit(parent.pixels, np.random.default_rng(seed)).strength for seed in SEEDS]
        )
        for strength in (0.25, 1.0, 2.0)
    ]
    assert means[0] < 0.7 * means[1] < 0.7 * means[2]


def test_settings_tell_the_strength():
    assert BlendMaker(0.5).settings() == {"strength": 0.5}
