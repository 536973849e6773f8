"""Types of input artifacts: open-source Kubeflow Pipelines leaves them empty, TFX cannot do without (tfx#7768)."""

from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.errors import ConfigError


def fill_input_types(
    executor_input: pipeline_spec_pb2.ExecutorInput, declared: pipeline_spec_pb2.ComponentInputsSpec | None
) -> None:
    """Gives each input artifact that came without a type the one its component declares.

    Args:
        executor_input: changed in place.
        declared: what the component declares of its inputs; None when the spec says nothing of it.

    Raises:
        ConfigError: an artifact came without a type, and none is declared.
    """
    for key, listed in executor_input.inputs.artifacts.items():
        for artifact in listed.artifacts:
            if _is_typed(artifact.type):
                continue
            if declared is None or key not in declared.artifacts:
                raise ConfigError(
                    f"Input '{key}' came without a type. Expected its type in --json_serialized_inputs_spec_args, "
                    "which only specs of schema 2.1 have: compile with `deepfake-inspector kubeflow compile`."
                )
            artifact.type.CopyFrom(declared.artifacts[key].artifact_type)


def _is_typed(type_schema: pipeline_spec_pb2.ArtifactTypeSchema) -> bool:
    kind = type_schema.WhichOneof("kind")
    return bool(kind and getattr(type_schema, kind))
