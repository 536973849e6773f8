"""Which model the candidate is held against."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tfx.types import standard_artifacts

from components.latest_blessed import LatestOtherBlessedModel


def model(number):
    artifact = standard_artifacts.Model()
    artifact.id = number
    return artifact


def verdict(number, of, blessed):
    artifact = standard_artifacts.ModelBlessing()
    artifact.id = number
    artifact.set_int_custom_property("current_model_id", of)
    artifact.set_int_custom_property("blessed", int(blessed))
    return artifact


def resolve(models, verdicts, candidate):
    """The ids of the models and of the blessings that come out."""
    found = LatestOtherBlessedModel().resolve_artifacts(
        None,
        {
            "model": [model(number) for number in models],
            "model_blessing": [
                verdict(100 + position, of, blessed) for position, (of, blessed) in enumerate(verdicts)
            ],
            "candidate": [model(candidate)],
        },
    )
    assert [artifact.id for artifact in found["candidate"]] == [candidate]
    return [artifact.id for artifact in found["model"]], [artifact.id for artifact in found["model_blessing"]]


@pytest.mark.parametrize(
    ("models", "verdicts", "expected"),
    [
        pytest.param([9], [], [], id="the first run"),
        pytest.param([1, 9], [], [], id="none was judged"),
        pytest.param([1, 9], [(1, False)], [], id="none was blessed"),
        pytest.param([1, 9], [(1, True)], [1], id="one"),
        pytest.param([1, 2, 3, 9], [(1, True), (3, True), (2, True)], [3], id="several, in any order"),
        pytest.param([3, 1, 9, 2], [(1, True), (2, True), (3, False)], [2], id="the newest was refused"),
        pytest.param([9], [(9, True)], [], id="the candidate itself alone"),
        pytest.param([1, 9], [(1, True), (9, True)], [1], id="the candidate itself, from cache"),
        pytest.param([1, 9], [(1, True), (2, True)], [1], id="a blessing whose model is gone"),
    ],
)
def test_the_newest_other_blessed_model_is_the_baseline(models, verdicts, expected):
    assert resolve(models, verdicts, candidate=9)[0] == expected


def test_the_blessing_is_that_of_the_model():
    assert resolve([1, 2, 3, 9], [(2, True), (1, True), (3, False)], candidate=9) == ([2], [100])


@given(
    st.lists(st.integers(1, 8), unique=True).flatmap(
        lambda models: st.tuples(
            st.just(models),
            st.lists(st.tuples(st.sampled_from(models), st.booleans()), unique_by=lambda one: one[0])
            if models
            else st.just([]),
            st.integers(1, 8),
        )
    )
)
def test_no_newer_blessed_model_is_passed_over(problem):
    models, verdicts, candidate = problem
    [*found], [*blessings] = resolve(models, verdicts, candidate)
    eligible = [of for of, blessed in verdicts if blessed and of != candidate]
    assert found == ([max(eligible)] if eligible else [])
    assert len(blessings) == len(found)
