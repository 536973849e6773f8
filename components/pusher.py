"""The Pusher of TFX, which also takes its destination as the plain path a user gives when submitting a run.

TFX's own takes it as a proto in JSON alone, and the node that looks for the baseline in the same place takes a path:
two parameters of a pipeline that must never differ.
"""

from typing import Any

from google.protobuf import json_format
from tfx import types
from tfx import v1 as tfx
from tfx.components.pusher import executor
from tfx.dsl.components.base import executor_spec
from tfx.types.standard_component_specs import PUSH_DESTINATION_KEY


class Executor(executor.Executor):
    """Pushes to a base path, given as one or as a PushDestination in JSON."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See TFX's own executor; called by TFX."""
        given = exec_properties[PUSH_DESTINATION_KEY]
        if not given.lstrip().startswith("{"):
            given = json_format.MessageToJson(push_destination(given))
        super().Do(input_dict, output_dict, exec_properties | {PUSH_DESTINATION_KEY: given})


class Pusher(tfx.components.Pusher):
    """TFX's component with the executor above."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)


def push_destination(base_path: str) -> tfx.proto.PushDestination:
    """A base path as TFX's Pusher takes it."""
    return tfx.proto.PushDestination(
        filesystem=tfx.proto.PushDestination.Filesystem(base_directory=base_path)
    )
