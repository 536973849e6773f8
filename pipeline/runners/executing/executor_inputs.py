"""What a node is told: its inputs, as the cluster has them, and where it is to write."""

from collections.abc import Mapping

from google.protobuf import struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.errors import ConfigError
from pipeline.runners.executing.compiled import CompiledSpec
from pipeline.runners.executing.placeholders import filled
from pipeline.runners.executing.storage import Storage

Artifacts = Mapping[str, pipeline_spec_pb2.RuntimeArtifact]
Parameters = Mapping[str, struct_pb2.Value]


def executor_input(
    compiled: CompiledSpec,
    task: str,
    parameters: Parameters,
    made: Mapping[str, Artifacts],
    told: Mapping[str, Parameters],
    storage: Storage,
    placeholders: Mapping[str, str],
) -> pipeline_spec_pb2.ExecutorInput:
    """Builds the message that `{{$}}` stands for.

    Args:
        compiled: the spec.
        task: the name of the task.
        parameters: of the pipeline.
        made: output artifacts of the tasks that are done.
        told: output parameters of the tasks that are done.
        storage: says where outputs go, and how the cluster describes inputs.
        placeholders: of the run, which constants may hold.

    Raises:
        ConfigError: an input is wired to nothing.
    """
    result = pipeline_spec_pb2.ExecutorInput()
    # There even when empty, as Kubeflow's driver sends it.
    result.inputs.SetInParent()
    component = compiled.component(task)
    for key, wired in compiled.spec.root.dag.tasks[task].inputs.artifacts.items():
        source = wired.task_output_artifact
        artifact = made.get(source.producer_task, {}).get(source.output_artifact_key)
        if artifact is None:
            raise ConfigError(
                f"Task '{task}': its input '{key}' is wired to output '{source.output_artifact_key}' of "
                f"'{source.producer_task}', which has made no such artifact."
            )
        result.inputs.artifacts[key].artifacts.add().CopyFrom(storage.as_input(artifact))
    for key, value in _parameters(compiled, task, parameters, told, placeholders).items():
        result.inputs.parameter_values[key].CopyFrom(value)
    for key, declared in component.output_definitions.artifacts.items():
        artifact = result.outputs.artifacts[key].artifacts.add()
        artifact.uri = storage.output_uri(task, key)
        artifact.type.CopyFrom(declared.artifact_type)
        artifact.metadata.CopyFrom(declared.metadata)
    for key in component.output_definitions.parameters:
        result.outputs.parameters[key].output_file = str(storage.node_folder(task) / "parameters" / key)
    result.outputs.output_file = str(storage.output_file(task))
    return result


def _parameters(
    compiled: CompiledSpec,
    task: str,
    parameters: Parameters,
    told: Mapping[str, Parameters],
    placeholders: Mapping[str, str],
) -> dict[str, struct_pb2.Value]:
    values: dict[str, struct_pb2.Value] = {}
    for key, wired in compiled.spec.root.dag.tasks[task].inputs.parameters.items():
        kind, value = wired.WhichOneof("kind"), None
        if wired.parameter_expression_selector:
            kind = "an expression"
        elif kind == "component_input_parameter":
            # One that is optional and was not given stays out.
            if wired.component_input_parameter not in parameters:
                if wired.component_input_parameter in compiled.spec.root.input_definitions.parameters:
                    continue
                kind = (
                    f"'{wired.component_input_parameter}' of the pipeline, which declares no such parameter"
                )
            else:
                value = parameters[wired.component_input_parameter]
        elif kind == "task_output_parameter":
            source = wired.task_output_parameter
            value = told.get(source.producer_task, {}).get(source.output_parameter_key)
            kind = f"output '{source.output_parameter_key}' of '{source.producer_task}', which has told none"
        elif kind == "runtime_value" and wired.runtime_value.WhichOneof("value") == "constant":
            value = wired.runtime_value.constant
            if value.WhichOneof("kind") == "string_value":
                [text] = filled([value.string_value], placeholders)
                value = struct_pb2.Value(string_value=text)
        if value is None:
            raise ConfigError(f"Task '{task}': its parameter '{key}' is wired to {kind}.")
        values[key] = value
    for key, declared in compiled.component(task).input_definitions.parameters.items():
        if key not in values and declared.HasField("default_value"):
            values[key] = declared.default_value
    return values
