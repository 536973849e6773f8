"""What comes without a type gets the declared one."""

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.entrypoint.artifact_types import fill_input_types

_DECLARED = "title: tfx.Examples\ntype: object\n"


def _told(**artifact):
    return json_format.ParseDict(
        {"inputs": {"artifacts": {"examples": {"artifacts": [{"uri": "/a", **artifact}]}}}},
        pipeline_spec_pb2.ExecutorInput(),
    )


@pytest.fixture
def declared():
    return json_format.ParseDict(
        {"artifacts": {"examples": {"artifactType": {"instanceSchema": _DECLARED}}}},
        pipeline_spec_pb2.ComponentInputsSpec(),
    )


def _type(told):
    return json_format.MessageToDict(told.inputs.artifacts["examples"].artifacts[0].type)


# The first is what Kubeflow 2.x sends; the others are what its source would send for other types.
@pytest.mark.parametrize("empty", [{"type": {"instanceSchema": ""}}, {"type": {}}, {}])
def test_an_empty_type_is_filled_in(empty, declared):
    told = _told(**empty)
    fill_input_types(told, declared)
    assert _type(told) == {"instanceSchema": _DECLARED}


@pytest.mark.parametrize(
    "own", [{"schemaTitle": "tfx.Examples"}, {"instanceSchema": "title: tfx.Dataset\ntype: object\n"}]
)
def test_a_type_that_came_stays(own, declared):
    told = _told(type=own)
    fill_input_types(told, declared)
    assert _type(told) == own


@pytest.mark.parametrize("nothing", [None, pipeline_spec_pb2.ComponentInputsSpec()])
def test_a_type_that_nobody_knows_is_an_error(nothing):
    with pytest.raises(ConfigError, match=r"Input 'examples' came without a type.*schema 2\.1"):
        fill_input_types(_told(), nothing)
