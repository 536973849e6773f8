"""ExampleGen's driver, inside the container: it finds the span and the fingerprint of the records.

TFX leaves it to the hook `preCacheCheck`, which only Vertex calls.
"""

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.components.example_gen import base_example_gen_executor, utils
from tfx.dsl.io import fileio
from tfx.orchestration.kubeflow.v2.file_based_example_gen import driver
from tfx.types import standard_component_specs
from tfx.utils import import_utils

from pipeline.runners.kubeflow.entrypoint.arguments import Invocation


def run_driver_where_nobody_did(invocation: Invocation) -> None:
    """Runs the driver when the node is a file-based ExampleGen and its span is not known; else does nothing.

    Args:
        invocation: its output file then holds what the driver found, and its output artifact has it too: both are
            where TFX's own entrypoint looks.
    """
    inputs, output_file = invocation.executor_input.inputs, invocation.executor_input.outputs.output_file
    if standard_component_specs.INPUT_BASE_KEY not in inputs.parameter_values:
        return
    executor = import_utils.import_class_by_path(invocation.executor_class_path)
    if not issubclass(executor, base_example_gen_executor.BaseExampleGenExecutor):
        return
    if utils.SPAN_PROPERTY_NAME in inputs.parameter_values or (
        fileio.exists(output_file) and utils.SPAN_PROPERTY_NAME in _read(output_file).parameter_values
    ):
        return
    driver.main(invocation.as_tfx_takes_it())
    for key, found in _read(output_file).artifacts.items():
        ours = invocation.executor_input.outputs.artifacts[key]
        for artifact, told in zip(ours.artifacts, found.artifacts, strict=True):
            artifact.metadata.update(json_format.MessageToDict(told.metadata))


def _read(output_file: str) -> pipeline_spec_pb2.ExecutorOutput:
    with fileio.open(output_file, "rb") as file:
        return json_format.Parse(file.read(), pipeline_spec_pb2.ExecutorOutput())
