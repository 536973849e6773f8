"""Faces in frames: the largest one, with the margin of the import."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.demo.faces import draw_face
from data.sources.margins import grow
from serving.video.faces import MARGIN, largest_face, with_margin


def _face(size):
    """Pixels of a drawn face that the cascade finds, and its middle."""
    face = draw_face(np.random.default_rng(8), size)
    return np.clip(face.pixels, 0, 255).astype(np.uint8), face.centre


@pytest.mark.parametrize("scale", [1, 6])
def test_the_larger_of_two_faces_is_found(scale):
    frame = np.full((300 * scale, 500 * scale, 3), 128, np.uint8)
    (large, (x, y)), (small, _) = _face(200 * scale), _face(100 * scale)
    frame[50 * scale : 250 * scale, 20 * scale : 220 * scale] = large
    frame[50 * scale : 150 * scale, 350 * scale : 450 * scale] = small

    left, top, right, bottom = largest_face(frame)

    middle = np.array([left + right, top + bottom]) / 2
    np.testing.assert_allclose(middle, [x + 20 * scale, y + 50 * scale], atol=30 * scale)
    assert 200 * scale < right - left < 320 * scale
    assert all(isinstance(edge, int) for edge in (left, top, right, bottom))


def test_no_face_is_none():
    assert largest_face(np.full((200, 300, 3), 90, np.uint8)) is None


@given(
    st.integers(50, 500).flatmap(
        lambda width: st.tuples(
            st.just(width), st.integers(0, width - 40), st.integers(0, width - 40), st.floats(1, 40)
        )
    )
)
def test_the_margin_is_that_of_the_import(case):
    side, left, top, size = case
    face = (left, top, size, size)
    assert with_margin(face, MARGIN, side, side) == grow(face, 0.3, side, side)
