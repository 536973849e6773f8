"""The bounds of size and shape, and which side of them is fine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.images.shape import LARGEST_ASPECT_RATIO, SMALLEST_FACE, is_too_narrow, is_too_small

sides = st.integers(1, 5000)


@pytest.mark.parametrize(
    ("width", "height", "refused"), [(64, 64, False), (63, 64, True), (64, 63, True), (63, 9999, True)]
)
def test_the_shorter_side_counts(width, height, refused):
    assert is_too_small(width, height, SMALLEST_FACE) == refused


@pytest.mark.parametrize(
    ("width", "height", "refused"),
    [(3, 1, False), (1, 3, False), (1, 4, True), (301, 100, True), (1, 1, False)],
)
def test_three_to_one_is_just_wide_enough(width, height, refused):
    assert is_too_narrow(width, height) == refused


@given(sides, sides, sides)
def test_turning_an_image_changes_nothing(width, height, smallest):
    assert is_too_small(width, height, smallest) == is_too_small(height, width, smallest)
    assert is_too_narrow(width, height) == is_too_narrow(height, width)
    assert is_too_narrow(width, height) == (max(width, height) > LARGEST_ASPECT_RATIO * min(width, height))
