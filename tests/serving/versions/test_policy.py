"""Which of the versions found are served."""

import pytest
from google.protobuf import text_format

from serving.versions.policy import PolicyProto, every, latest, policy_of, specific


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        (latest(), {9}),
        (latest(2), {3, 9}),
        (latest(10), {1, 3, 9}),
        (every(), {1, 3, 9}),
        (specific([3, 4]), {3}),
        (specific([]), set()),
    ],
)
def test_policies(policy, chosen):
    assert policy([3, 9, 1]) == chosen
    assert policy([]) == set()


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", {10}),  # by number: 10 is newer than 9
        ("latest {}", {10}),
        ("latest { num_versions: 0 }", {10}),
        ("latest { num_versions: 2 }", {9, 10}),
        ("all {}", {1, 9, 10}),
        ("specific { versions: 1 versions: 9 versions: 1 }", {1, 9}),
    ],
)
def test_the_policy_of_a_configuration(text, chosen):
    assert policy_of(text_format.Parse(text, PolicyProto()))({1, 9, 10}) == chosen


def test_specific_without_a_version_is_a_mistake():
    with pytest.raises(ValueError, match=r"at least one version in specific, received none"):
        policy_of(text_format.Parse("specific {}", PolicyProto()))
