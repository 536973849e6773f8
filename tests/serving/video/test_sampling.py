"""At which times frames are looked at."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import BadInputError
from serving.video.sampling import Sampling


@pytest.mark.parametrize(
    ("rate", "most", "span", "expected"),
    [
        (1, 300, 0, [0]),
        (1, 300, Fraction(29, 10), [0, 1, 2]),
        (1, 300, 3, [0, 1, 2, 3]),
        (0.1, 300, 30, [0, 10, 20, 30]),
        (2, 4, Fraction(3, 2), [0, Fraction(1, 2), 1, Fraction(3, 2)]),
        (2, 3, 3, [0, Fraction(3, 2), 3]),
        (2, 1, 3, [Fraction(3, 2)]),
        (5, 1, 0, [0]),
    ],
)
def test_known_times(rate, most, span, expected):
    assert list(Sampling(rate, most).times(Fraction(span))) == expected


@given(
    st.floats(0.01, 100),
    st.integers(1, 50),
    st.fractions(0, 100, max_denominator=1000),
)
def test_times_are_even_within_the_video_and_no_more_than_allowed(rate, most, span):
    times = list(Sampling(rate, most).times(span))
    steps = {later - earlier for earlier, later in itertools.pairwise(times)}

    assert 1 <= len(times) <= most
    assert 0 <= times[0] <= times[-1] <= span
    assert len(steps) <= 1
    assert all(step >= 1 / Fraction(repr(rate)) for step in steps)


@pytest.mark.parametrize(("rate", "most"), [(0, 1), (-1, 1), (float("nan"), 1), (float("inf"), 1), (1, 0)])
def test_numbers_must_be_positive(rate, most):
    with pytest.raises(BadInputError, match="above 0 and at least 1 frame"):
        Sampling(rate, most)
