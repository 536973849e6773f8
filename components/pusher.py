"""The Pusher of TFX, which also takes its destination as the plain path a user gives when submitting a run.

TFX's own takes it as a proto in JSON alone, and the node that looks for the baseline in the same place takes a path:
two parameters of a pipeline that must never differ.
"""

import os
from typing import Any

from google.protobuf import json_format
from tfx import types
from tfx import v1 as tfx
from tfx.components.pusher import executor
from tfx.dsl.components.base import executor_spec
from tfx.types import artifact_utils
from tfx.types.standard_component_specs import (
    MODEL_KEY,
    PUSH_DESTINATION_KEY,
    PUSHED_MODEL_KEY,
)
from tfx.utils import io_utils

from components.pushed_versions import pushed_versions, weights_digest


class Executor(executor.Executor):
    """Pushes to a base path, given as one or as a PushDestination in JSON.

    Given as a path, a model that is served already is not pushed once more. Where ML Metadata is, its cache sees to
    that; where the baseline is looked for anew by every run, each would push what the one before it pushed.
    """

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See TFX's own executor; called by TFX."""
        given = exec_properties[PUSH_DESTINATION_KEY]
        if given.lstrip().startswith("{"):
            super().Do(input_dict, output_dict, exec_properties)
            return
        served = self._served(given, input_dict) if self.CheckBlessing(input_dict) else None
        if served:
            pushed = artifact_utils.get_single_instance(output_dict[PUSHED_MODEL_KEY])
            io_utils.copy_dir(self.GetModelPath(input_dict), pushed.uri)
            self._MarkPushed(pushed, pushed_destination=served, pushed_version=os.path.basename(served))
            return
        destination = json_format.MessageToJson(push_destination(given))
        super().Do(input_dict, output_dict, exec_properties | {PUSH_DESTINATION_KEY: destination})

    def _served(self, base: str, input_dict: dict[str, list[types.Artifact]]) -> str | None:
        """The newest version, if it is this model, be it with another threshold."""
        newest = next(iter(pushed_versions(base)), None)
        if not newest or not input_dict.get(MODEL_KEY):
            return None
        weights = weights_digest(self.GetModelPath(input_dict))
        return newest if weights and weights_digest(newest) == weights else None


class Pusher(tfx.components.Pusher):
    """TFX's component with the executor above."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)


def push_destination(base_path: str) -> tfx.proto.PushDestination:
    """A base path as TFX's Pusher takes it."""
    return tfx.proto.PushDestination(
        filesystem=tfx.proto.PushDestination.Filesystem(base_directory=base_path)
    )
