"""Importers: nothing is run, an artifact that is there already is described."""

from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners.executing.compiled import ExecutorSpec
from pipeline.runners.executing.nodes import Made
from pipeline.runners.executing.storage import Storage


def run_importer(
    task: str, executor: ExecutorSpec, executor_input: pipeline_spec_pb2.ExecutorInput, storage: Storage
) -> Made:
    """The artifact of an importer.

    Args:
        task: its name.
        executor: says where the artifact is, and what it is.
        executor_input: of the task; its parameters may say where the artifact is.
        storage: names the artifact.
    """
    importer = executor.importer
    [key] = executor_input.outputs.artifacts
    artifact = executor_input.outputs.artifacts[key].artifacts[0]
    kind = importer.artifact_uri.WhichOneof("value")
    if kind == "runtime_parameter":
        name = importer.artifact_uri.runtime_parameter
        artifact.uri = executor_input.inputs.parameter_values[name].string_value
    elif kind == "constant":
        artifact.uri = importer.artifact_uri.constant.string_value
    else:
        artifact.uri = importer.artifact_uri.constant_value.string_value
    artifact.type.CopyFrom(importer.type_schema)
    artifact.metadata.CopyFrom(importer.metadata)
    storage.collect(task, artifact)
    return Made({key: artifact}, {})
