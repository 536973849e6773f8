"""What a command's placeholders stand for, as Kubeflow's launcher fills them in."""

import json
from pathlib import Path

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners.executing.placeholders import filled, placeholder_values, run_placeholders
from pipeline.runners.kubeflow.entrypoint.mirror import Mirror

_TOLD = {
    "inputs": {
        "artifacts": {"model": {"artifacts": [{"uri": "minio://b/model"}]}},
        "parameterValues": {
            "text": "{{$.outputs.artifacts['made'].uri}}",
            "whole": 3.0,
            "part": 0.25,
            "yes": True,
            "many": [1.0, "a"],
        },
    },
    "outputs": {
        "artifacts": {"made": {"artifacts": [{"uri": "/plain"}]}},
        "parameters": {"told": {"outputFile": "/tmp/told"}},  # noqa: S108 - as Kubeflow has it
        "outputFile": "/tmp/out",  # noqa: S108
    },
}


def _filled(*words, mirror=None):
    told = json_format.ParseDict(_TOLD, pipeline_spec_pb2.ExecutorInput())
    return filled(words, placeholder_values(told, mirror))


def test_the_whole_input_is_one_word_of_json():
    [before, told] = _filled("--json_serialized_invocation_args", "{{$}}")
    assert before == "--json_serialized_invocation_args"
    assert json.loads(told) == _TOLD
    assert "\n" not in told


def test_artifacts_and_output_files():
    words = (
        "--in={{$.inputs.artifacts['model'].uri}}",
        "{{$.inputs.artifacts['model'].path}}:{{$.outputs.artifacts['made'].path}}",
        "{{$.outputs.parameters['told'].output_file}}",
    )
    assert _filled(*words, mirror=Mirror(Path("/"), must_exist=False)) == [
        *("--in=minio://b/model", "/minio/b/model:/plain", "/tmp/told")  # noqa: S108
    ]


def test_parameters_are_written_as_the_launcher_writes_them():
    names = ("whole", "part", "yes", "many")
    words = [f"{{{{$.inputs.parameters['{name}']}}}}" for name in names]
    assert _filled(*words) == ["3", "0.25", "true", '[1.0, "a"]']


def test_what_was_filled_in_is_not_looked_at_again():
    assert _filled("{{$.inputs.parameters['text']}}") == ["{{$.outputs.artifacts['made'].uri}}"]


def test_an_unknown_placeholder_stays():
    assert _filled("a {{$.unknown}} b") == ["a {{$.unknown}} b"]


def test_those_of_a_run():
    words = ("{{$.pipeline_job_uuid}}/{{$.pipeline_task_name}}", "{{$.pipeline_root}}")
    assert filled(words, run_placeholders("small", "today", "A", "/root")) == ["today/A", "/root"]
