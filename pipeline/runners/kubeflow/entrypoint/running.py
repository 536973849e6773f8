"""One node: what the cluster left out is put in, TFX's own entrypoint does the work, what it made is told."""

import dataclasses
import shutil
import tempfile
import uuid
from collections.abc import Sequence

from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor
from tfx.utils import import_utils

from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.entrypoint.arguments import Invocation, parse_arguments
from pipeline.runners.kubeflow.entrypoint.artifact_types import fill_input_types
from pipeline.runners.kubeflow.entrypoint.beam_place import is_distributed, shared_temp
from pipeline.runners.kubeflow.entrypoint.example_gen import run_driver_where_nobody_did
from pipeline.runners.kubeflow.entrypoint.mirror import Mirror, mirror_inputs, unmirror_outputs
from pipeline.runners.kubeflow.entrypoint.output_file import read_output, write_output
from pipeline.runners.kubeflow.entrypoint.settings import ArtifactIo, EntrypointSettings

_NAME = "executor_output.json"
# What TFX's fileio cannot open.
_ONLY_MIRRORED = ("minio://", "s3://")


def run_node(arguments: Sequence[str], settings: EntrypointSettings) -> None:
    """Runs a node and writes its output file, as the last thing it does.

    Args:
        arguments: of the command line.
        settings: of the environment.

    Raises:
        ConfigError: an artifact has no type, or cannot be reached, or Beam's workers share no folder with us.
        Exception: whatever the node raised; there is no output file then.
    """
    invocation = parse_arguments(arguments)
    executor_input = invocation.executor_input
    fill_input_types(executor_input, invocation.inputs_spec)
    distributed = _works_elsewhere(invocation)
    mirror = _mirror(settings, distributed)
    if mirror:
        mirror_inputs(executor_input, mirror)
    _check_reachable(executor_input)

    output_file = executor_input.outputs.output_file
    scratch = _scratch(invocation, settings, distributed)
    try:
        # TFX writes its temporary files beside its output file, and that where a killed pod would leave half of it.
        executor_input.outputs.output_file = f"{scratch}/{_NAME}"
        if fileio.exists(output_file):
            # Vertex has run ExampleGen's driver, and this is what it found.
            write_output(executor_input.outputs.output_file, read_output(output_file))
        run_driver_where_nobody_did(invocation)
        kubeflow_v2_run_executor.main((invocation.as_tfx_takes_it(), invocation.beam_args))
        output = read_output(executor_input.outputs.output_file)
    finally:
        _remove(scratch)
    if mirror:
        # All that is in the mirror came from object storage, even if its folder was made only now.
        unmirror_outputs(output, dataclasses.replace(mirror, must_exist=False))
    write_output(output_file, output)


def _works_elsewhere(invocation: Invocation) -> bool:
    executor = import_utils.import_class_by_path(invocation.executor_class_path)
    return issubclass(executor, base_beam_executor.BaseBeamExecutor) and is_distributed(invocation.beam_args)


def _mirror(settings: EntrypointSettings, distributed: bool) -> Mirror | None:
    if settings.artifact_io is ArtifactIo.MIRROR:
        return Mirror(settings.mirror_root, must_exist=False)
    if settings.artifact_io is ArtifactIo.REMOTE or distributed:
        return None
    return Mirror(settings.mirror_root)


def _check_reachable(executor_input: pipeline_spec_pb2.ExecutorInput) -> None:
    for artifacts in (executor_input.inputs.artifacts, executor_input.outputs.artifacts):
        for key, listed in artifacts.items():
            for artifact in listed.artifacts:
                if artifact.uri.startswith(_ONLY_MIRRORED):
                    raise ConfigError(
                        f"Artifact '{key}' is at {artifact.uri}, which TFX cannot open. Expected the launcher's "
                        "mirror of it in this container, and a Beam runner that works in this container. For Beam "
                        "elsewhere, take a pipeline root of gs:// or on a volume that all share."
                    )


def _scratch(invocation: Invocation, settings: EntrypointSettings, distributed: bool) -> str:
    if distributed:
        # A name of its own: attempts of a node, and all nodes of a run, share the folder above.
        return f"{shared_temp(invocation.beam_args, settings.beam_temp)}/{uuid.uuid4().hex}"
    return tempfile.mkdtemp(prefix="node-")


def _remove(scratch: str) -> None:
    if "://" not in scratch:
        shutil.rmtree(scratch, ignore_errors=True)
    elif fileio.exists(scratch):
        fileio.rmtree(scratch)
