"""The arguments of a node's container, the same as those of TFX's own entrypoint."""

import argparse
import dataclasses
from collections.abc import Sequence

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2


@dataclasses.dataclass(frozen=True)
class Invocation:
    """One call of one node.

    Attributes:
        executor_class_path: dotted name of the TFX executor.
        executor_input: what it gets, and where it writes.
        inputs_spec: what its component declares of its inputs; None with schema 2.0.
        beam_args: Beam pipeline arguments.
    """

    executor_class_path: str
    executor_input: pipeline_spec_pb2.ExecutorInput
    inputs_spec: pipeline_spec_pb2.ComponentInputsSpec | None
    beam_args: list[str]

    def as_tfx_takes_it(self) -> argparse.Namespace:
        """The arguments again, for TFX's own entrypoint and driver."""
        return argparse.Namespace(
            executor_class_path=self.executor_class_path,
            json_serialized_invocation_args=json_format.MessageToJson(self.executor_input),
            json_serialized_inputs_spec_args=json_format.MessageToJson(self.inputs_spec)
            if self.inputs_spec
            else None,
        )


def parse_arguments(arguments: Sequence[str]) -> Invocation:
    """Reads the arguments; what is not known is for Beam.

    Raises:
        SystemExit: an argument is missing.
        google.protobuf.json_format.ParseError: one is no JSON, or another message.
    """
    # Abbreviations would take Beam's `--job_…` and `--e…` for ours.
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.runners.kubeflow.entrypoint", allow_abbrev=False
    )
    parser.add_argument("--executor_class_path", required=True)
    parser.add_argument("--json_serialized_invocation_args", required=True)
    parser.add_argument("--json_serialized_inputs_spec_args")
    known, beam_args = parser.parse_known_args(arguments)
    inputs_spec = None
    if known.json_serialized_inputs_spec_args:
        inputs_spec = json_format.Parse(
            known.json_serialized_inputs_spec_args,
            pipeline_spec_pb2.ComponentInputsSpec(),
            ignore_unknown_fields=True,
        )
    return Invocation(
        known.executor_class_path,
        json_format.Parse(
            known.json_serialized_invocation_args,
            pipeline_spec_pb2.ExecutorInput(),
            ignore_unknown_fields=True,
        ),
        inputs_spec,
        beam_args,
    )
