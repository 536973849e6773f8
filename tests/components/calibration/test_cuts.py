"""A cut parts two float32 numbers, whichever they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.calibration.cuts import cut_above, cut_below, cut_between, served

float32_shares = st.floats(0, 1, width=32)


@given(float32_shares, float32_shares)
def test_a_cut_lies_above_the_lower_and_at_most_at_the_higher(one, other):
    lower, upper = sorted((one, other))
    cut = cut_between(lower, upper)
    if lower == upper:
        assert cut is None
    else:
        assert lower < cut <= upper
        assert np.float32(cut) == cut


@given(float32_shares)
def test_cuts_beyond_all_scores_stay_within_0_and_1(score):
    assert 0 <= cut_below(score) <= score
    assert cut_below(score) >= score - 0.0011
    above = cut_above(score)
    assert (above is None) == (score == 1)
    if above is not None:
        assert score < above <= min(1, score + 0.0011)


def test_scores_are_served_as_float32():
    assert served([0.1, 1.0]).dtype == np.float32
    assert served([0.1])[0] == pytest.approx(0.1, rel=1e-7)
