"""Parameters of a run: typed as declared, and none left out that has no default."""

import pytest

from pipeline.errors import ConfigError
from pipeline.runners.run_parameters import read_parameters

_DECLARED = {
    "span": {"parameterType": "NUMBER_INTEGER"},
    "options": {"parameterType": "STRUCT", "isOptional": True},
}


def test_values_have_the_declared_types():
    assert read_parameters(["span=3", 'options={"a": [1]}'], _DECLARED) == {"span": 3, "options": {"a": [1]}}
    # The names of schema 2.0.
    old = {"steps": {"type": "INT"}, "rate": {"type": "DOUBLE"}, "folder": {"type": "STRING"}}
    assert read_parameters(["steps=3", "rate=1e-3", "folder=a=b"], old) == {
        "steps": 3,
        "rate": 0.001,
        "folder": "a=b",
    }


def test_what_has_no_default_must_be_given():
    with pytest.raises(ConfigError, match=r"--param span=VALUE"):
        read_parameters([], _DECLARED)
    assert read_parameters([], _DECLARED, already_given={"span"}) == {}
    assert read_parameters([], {"span": {"defaultValue": 0}}) == {}


@pytest.mark.parametrize("text", ["span=1.5", "span=", 'options=["a"]', "options={"])
def test_another_type_is_refused(text):
    with pytest.raises(ConfigError, match="expected"):
        read_parameters([text], _DECLARED)
