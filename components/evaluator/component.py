"""The Evaluator of TFX, which a baseline that holds no model does not stop.

Where ML Metadata finds no baseline, it gives the Evaluator none. `components.latest_pushed`, which stands in for it
on a cluster, cannot: there, every output is an artifact, and it gives an empty one.
"""

from typing import Any

from tfx import types
from tfx import v1 as tfx
from tfx.components.evaluator import executor
from tfx.dsl.components.base import executor_spec
from tfx.types.standard_component_specs import BASELINE_MODEL_KEY

from components.latest_pushed import has_model


class Executor(executor.Executor):
    """Evaluates without a baseline when the one that is given holds no model."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See TFX's own executor; called by TFX."""
        given = input_dict.get(BASELINE_MODEL_KEY, [])
        baselines = [one for one in given if has_model(one.uri)]
        others = {key: value for key, value in input_dict.items() if key != BASELINE_MODEL_KEY}
        super().Do(
            others | ({BASELINE_MODEL_KEY: baselines} if baselines else {}), output_dict, exec_properties
        )


class Evaluator(tfx.components.Evaluator):
    """TFX's component with the executor above."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
