"""Values of the parameters of a pipeline."""

import pytest
from google.protobuf import json_format

from pipeline.errors import ConfigError
from pipeline.runners.executing.compiled import read_spec
from pipeline.runners.executing.parameters import parameter_values


def _values(compiled, **given):
    return {
        name: json_format.MessageToDict(value) for name, value in parameter_values(compiled, given).items()
    }


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("STRING", "3", "3"),
        ("NUMBER_INTEGER", "3", 3.0),
        ("NUMBER_DOUBLE", "2.5", 2.5),
        ("BOOLEAN", "False", False),
        ("LIST", "[1, 2]", [1.0, 2.0]),
        ("STRUCT", '{"a": "b"}', {"a": "b"}),
    ],
)
def test_text_becomes_what_is_declared(maker, kind, text, value):
    maker.task("A")
    maker.parameter("x", kind)
    assert _values(maker.compiled(), x=text) == {"x": value}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("NUMBER_INTEGER", "3.5"),
        ("NUMBER_DOUBLE", "much"),
        ("BOOLEAN", "1"),
        ("LIST", "{}"),
        ("STRUCT", "[]"),
        ("STRUCT", "{"),
    ],
)
def test_text_of_another_kind_is_refused(maker, kind, text):
    maker.task("A")
    maker.parameter("x", kind)
    expected = kind.lower().replace("_", " ")
    with pytest.raises(ConfigError) as raised:
        _values(maker.compiled(), x=text)
    assert str(raised.value) == f"--param x: expected a {expected}, received '{text}'."


def test_the_user_goes_before_the_file_and_the_file_before_the_default(maker):
    maker.task("A")
    for name in "xyz":
        maker.parameter(name, "STRING", defaultValue="default")
    maker.parameter("left", "STRING", isOptional=True)
    path = maker.write("job.json", {"runtimeConfig": {"parameterValues": {"x": "file", "y": "file"}}})
    assert _values(read_spec(path), x="user") == {"x": "user", "y": "file", "z": "default"}


def test_a_parameter_without_a_value_is_refused_as_a_cluster_would(maker):
    maker.task("A")
    maker.parameter("records", "STRING")
    with pytest.raises(ConfigError, match=r"Parameter 'records' has no default.*--param records=VALUE"):
        _values(maker.compiled())


def test_an_unknown_parameter_is_refused(maker):
    maker.task("A")
    maker.parameter("records", "STRING")
    with pytest.raises(ConfigError, match="--param: expected one of records, received 'record'"):
        _values(maker.compiled(), record="/a")
