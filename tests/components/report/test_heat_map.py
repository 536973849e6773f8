"""Drawing a map over its image: in place, warm where it is high, and nothing where it is zero."""

import io

import numpy as np
import pytest
from PIL import Image

from components.report.heat_map import open_image, overlay, side_by_side
from data.errors import BadInputError


def _encoded(pixels, kind="PNG", **settings):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **settings)
    return buffer.getvalue()


@pytest.fixture
def grey():
    return Image.new("RGB", (90, 60), (100, 100, 100))


def test_where_the_map_is_zero_the_image_is_as_it_was(grey):
    np.testing.assert_array_equal(np.asarray(overlay(grey, np.zeros((7, 7)))), np.asarray(grey))


def test_the_map_lies_over_the_whole_image_and_is_warm_where_it_is_high(grey):
    heat = np.zeros((10, 10), np.float32)
    heat[:, 8:] = 1.0
    drawn = np.asarray(overlay(grey, heat)).astype(int)
    assert drawn.shape == (60, 90, 3)
    np.testing.assert_array_equal(drawn[:, :54], 100)
    red, _, blue = drawn[:, 81:].reshape(-1, 3).T
    assert (red > 150).all()
    assert (red > blue + 20).all()


def test_warmer_is_redder_step_by_step(grey):
    drawn = [
        np.asarray(overlay(grey, np.full((4, 4), heat)))[30, 45].astype(int) for heat in (0.3, 0.5, 0.7, 0.9)
    ]
    reds = [pixel[0] - pixel[2] for pixel in drawn]
    assert reds == sorted(reds)
    assert len(set(reds)) == len(reds)


def test_the_image_stands_beside_the_map():
    pixels = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    both = np.asarray(Image.open(io.BytesIO(side_by_side(_encoded(pixels), np.ones((5, 5), np.float32)))))
    assert both.shape == (30, 100, 3)
    np.testing.assert_array_equal(both[:, :50], pixels)
    assert not np.array_equal(both[:, 50:], pixels)


def test_a_map_of_the_client_is_taken_as_it_is(grey):
    heat = np.random.default_rng(0).random((3, 4), np.float32)
    view = memoryview(heat.tobytes()).cast("f", heat.shape)
    assert overlay(grey, view) == overlay(grey, heat)


def test_large_images_are_drawn_smaller():
    assert open_image(_encoded(np.zeros((600, 3000, 3), np.uint8))).size == (1024, 205)


def test_it_is_turned_upright_as_the_detector_turns_it():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_image(_encoded(np.zeros((20, 40, 3), np.uint8), "JPEG", exif=exif)).size == (20, 40)


@pytest.mark.parametrize("encoded", [b"", b"no image", _encoded(np.zeros((9, 9, 3), np.uint8))[:40]])
def test_what_cannot_be_drawn_is_said(encoded):
    with pytest.raises(BadInputError, match="Expected an image that can be drawn"):
        open_image(encoded)
