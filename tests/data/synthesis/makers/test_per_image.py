"""What every maker without a model promises: a child of parent and seed alone, a strength in range."""

import threading

import numpy as np
import pytest
from synthesis_parents import drawn_parent

from data.errors import BadInputError
from data.synthesis.maker import Child
from data.synthesis.makers import per_image
from data.synthesis.makers.blend import BlendMaker
from data.synthesis.makers.lighting import LightingMaker
from data.synthesis.makers.resample import ResampleMaker

MAKERS = [BlendMaker, LightingMaker, ResampleMaker]


@pytest.fixture(scope="module")
def parents():
    return [drawn_parent(seed, 64 + 8 * seed, 80) for seed in range(6)]


@pytest.mark.parametrize("maker_class", MAKERS)
def test_a_child_depends_on_parent_and_seed_alone(maker_class, parents):
    seeds = [11, 2**63 - 1, 0, 5, 11, 7]
    with maker_class() as maker:
        together = maker.make(parents, seeds)
        apart = [maker.make([parent], [seed])[0] for parent, seed in zip(parents, seeds, strict=True)]
        backwards = maker.make(parents[::-1], seeds[::-1])[::-1]
        others = maker.make(parents, [seed ^ 1 for seed in seeds])
    for one, two, three, other in zip(together, apart, backwards, others, strict=True):
        for again in (two, three):
            assert np.array_equal(one.pixels, again.pixels)
            assert (one.strength, one.edit) == (again.strength, again.edit)
        assert not np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("maker_class", MAKERS)
@pytest.mark.parametrize("strength", [0.0, -1.0, 2.01, float("nan")])
def test_a_strength_out_of_range_is_refused(maker_class, strength):
    with pytest.raises(BadInputError, match="Expected a strength above 0 and at most 2"):
        maker_class(strength=strength)


@pytest.mark.parametrize("maker_class", MAKERS)
def test_no_global_state_is_touched(maker_class, parents):
    import cv2

    np.random.seed(3)
    expected = np.random.RandomState(3).random()
    threads = cv2.getNumThreads()
    with maker_class() as maker:
        maker.make(parents, range(6))
    assert cv2.getNumThreads() == threads
    assert np.random.random() == expected


def test_closing_ends_the_threads_and_it_can_be_used_again(parents):
    maker = BlendMaker()
    maker.make(parents, range(6))
    assert any(thread.name.startswith("blend") for thread in threading.enumerate())
    maker.close()
    assert not any(thread.name.startswith("blend") for thread in threading.enumerate())
    assert len(maker.make(parents, range(6))) == 6
    maker.close()


class _Counting(per_image.PerImageMaker):
    """Remembers how many images it had in hand at once."""

    name, label = "counting", None

    def __init__(self, patience):
        super().__init__()
        self.patience = patience
        self.now, self.most, self.lock = 0, 0, threading.Lock()
        self.both = threading.Barrier(2)

    def edit(self, pixels, rng):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            self.both.wait(self.patience)
        except threading.BrokenBarrierError:
            self.both.reset()
        with self.lock:
            self.now -= 1
        return Child(pixels, 0.0)


def test_large_images_take_turns(monkeypatch, parents):
    monkeypatch.setattr(per_image.os, "sched_getaffinity", lambda _: {0, 1})
    with _Counting(patience=30) as maker:
        maker.make(parents[:2], [1, 2])
        assert maker.most == 2
    monkeypatch.setattr(per_image, "_MOST_PIXELS_TOGETHER", 64 * 64)
    with _Counting(patience=0.05) as maker:
        maker.make(parents[:2], [1, 2])
        assert maker.most == 1


@pytest.mark.parametrize(
    ("maker_class", "strengths"),
    [
        (BlendMaker, [16.779221, 3.150984, 5.309772]),
        (LightingMaker, [9.520472, 7.862232, 4.768193]),
        (ResampleMaker, [2.101075, 2.42799, 1.274961]),
    ],
)
def test_a_seed_gives_the_same_child_with_every_release_of_numpy_and_opencv(maker_class, strengths):
    y, x = np.mgrid[0:96, 0:96]
    pixels = np.stack([(x * y // 9 + 40) % 160 + 40, 60 + x, 200 - y], axis=-1).astype(np.uint8)
    made = [maker_class().edit(pixels, np.random.default_rng(seed)).strength for seed in (1, 2, 2**62)]
    np.testing.assert_allclose(made, strengths, rtol=1e-3)
