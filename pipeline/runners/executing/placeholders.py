"""Placeholders such as `{{$}}` in the command of a container, filled in as Kubeflow's launcher does it."""

import json
from collections.abc import Iterable, Mapping

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners.kubeflow.entrypoint.mirror import Mirror


def placeholder_values(
    executor_input: pipeline_spec_pb2.ExecutorInput, mirror: Mirror | None
) -> dict[str, str]:
    """What each placeholder of a node stands for.

    Args:
        executor_input: of the node.
        mirror: where `.path` of an artifact in object storage is; None where artifacts are plain files.
    """
    values = {"{{$}}": json_format.MessageToJson(executor_input, indent=None)}
    for side, artifacts in (
        ("inputs", executor_input.inputs.artifacts),
        ("outputs", executor_input.outputs.artifacts),
    ):
        for key, listed in artifacts.items():
            if listed.artifacts:
                uri = listed.artifacts[0].uri
                values[f"{{{{$.{side}.artifacts['{key}'].uri}}}}"] = uri
                values[f"{{{{$.{side}.artifacts['{key}'].path}}}}"] = mirror.local(uri) if mirror else uri
    for key, value in executor_input.inputs.parameter_values.items():
        values[f"{{{{$.inputs.parameters['{key}']}}}}"] = _text(value)
    for key, parameter in executor_input.outputs.parameters.items():
        values[f"{{{{$.outputs.parameters['{key}'].output_file}}}}"] = parameter.output_file
    return values


def run_placeholders(pipeline: str, run: str, task: str, root: str) -> dict[str, str]:
    """What the placeholders of a run stand for, which values of parameters may hold, too."""
    return {
        "{{$.pipeline_job_name}}": f"{pipeline}-{run}",
        "{{$.pipeline_job_resource_name}}": f"{pipeline}-{run}",
        "{{$.pipeline_job_uuid}}": run,
        "{{$.pipeline_task_name}}": task,
        "{{$.pipeline_task_uuid}}": f"{run}-{task}",
        "{{$.pipeline_root}}": root,
    }


def filled(words: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """Words with their placeholders replaced.

    The words of a spec are looked at once each: what was put in is not looked at again.
    """
    return [_filled(word, values) for word in words]


def _filled(word: str, values: Mapping[str, str]) -> str:
    done, rest = [], word
    while rest:
        start = rest.find("{{$")
        key = next((key for key in values if rest.startswith(key, start)), None) if start >= 0 else None
        if start < 0:
            break
        if key is None:
            done.append(rest[: start + 3])
            rest = rest[start + 3 :]
        else:
            done += [rest[:start], values[key]]
            rest = rest[start + len(key) :]
    return "".join([*done, rest])


def _text(value: struct_pb2.Value) -> str:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        number = value.number_value
        return str(int(number)) if number.is_integer() else repr(number)
    return json.dumps(json_format.MessageToDict(value))
