"""A compiled spec, read from its file: what Kubeflow or Vertex would be sent."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.errors import ConfigError

DEADLINE = "activeDeadlineSeconds"
"""Key of the seconds that Kubernetes lets a task take."""

_SCHEMA = "2.1.0"

ExecutorSpec = pipeline_spec_pb2.PipelineDeploymentConfig.ExecutorSpec


@dataclasses.dataclass(frozen=True)
class CompiledSpec:
    """A spec.

    Attributes:
        spec: tasks and components.
        deployment: how each component is executed.
        platform: settings of Kubernetes, as the second document has them; empty without one.
        parameter_values: what the file itself gives to parameters, as Vertex' do.
    """

    spec: pipeline_spec_pb2.PipelineSpec
    deployment: pipeline_spec_pb2.PipelineDeploymentConfig
    platform: dict[str, Any]
    parameter_values: dict[str, struct_pb2.Value]

    @property
    def name(self) -> str:
        """Of the pipeline."""
        return self.spec.pipeline_info.name

    def component(self, task: str) -> pipeline_spec_pb2.ComponentSpec:
        """The component of a task."""
        return self.spec.components[self.spec.root.dag.tasks[task].component_ref.name]

    def executor(self, task: str) -> ExecutorSpec:
        """How a task is executed."""
        return self.deployment.executors[self.component(task).executor_label]

    def kubernetes(self, task: str) -> dict[str, Any]:
        """What Kubernetes is to give a task; empty when nothing is asked for."""
        found: Any = self.platform
        for key in ("platforms", "kubernetes", "deploymentSpec", "executors"):
            found = found.get(key) or {}
        return found.get(self.component(task).executor_label) or {}


def read_spec(path: Path) -> CompiledSpec:
    """Reads the YAML of Kubeflow, with or without its second document, or the JSON of a Vertex PipelineJob.

    Raises:
        ConfigError: it is neither, or of another schema than 2.1.0, or has tasks without a component.
    """
    documents = _documents(path)
    first = documents[0]
    job = pipeline_spec_pb2.PipelineJob()
    try:
        if "pipelineSpec" in first:
            json_format.ParseDict(
                {"runtimeConfig": first.get("runtimeConfig", {})}, job, ignore_unknown_fields=True
            )
            first = first["pipelineSpec"]
        spec = json_format.ParseDict(first, pipeline_spec_pb2.PipelineSpec(), ignore_unknown_fields=True)
        deployment = json_format.ParseDict(
            first.get("deploymentSpec", {}),
            pipeline_spec_pb2.PipelineDeploymentConfig(),
            ignore_unknown_fields=True,
        )
    except (json_format.ParseError, AttributeError, TypeError) as error:
        raise _unreadable(path, f"one that does not parse: {error}") from error
    if spec.schema_version != _SCHEMA:
        raise ConfigError(
            f"{path}: expected schema {_SCHEMA}, received '{spec.schema_version}'. Compile it with "
            "`deepfake-inspector kubeflow compile`."
        )
    _check_components(path, spec, deployment)
    platform = documents[1] if len(documents) > 1 else {}
    return CompiledSpec(spec, deployment, platform, dict(job.runtime_config.parameter_values))


def _documents(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        documents = (
            [json.loads(text)]
            if path.suffix == ".json"
            else [one for one in yaml.safe_load_all(text) if one is not None]
        )
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        raise _unreadable(path, f"one that cannot be read: {' '.join(str(error).split())}") from error
    if not 1 <= len(documents) <= 2 or not all(isinstance(one, dict) for one in documents):
        raise _unreadable(path, "another file")
    return documents


def _check_components(
    path: Path,
    spec: pipeline_spec_pb2.PipelineSpec,
    deployment: pipeline_spec_pb2.PipelineDeploymentConfig,
) -> None:
    if not spec.root.dag.tasks:
        raise _unreadable(path, "one without tasks")
    for name, task in spec.root.dag.tasks.items():
        component = spec.components.get(task.component_ref.name)
        if component is None:
            raise _unreadable(
                path, f"one whose task '{name}' is of no component: '{task.component_ref.name}'"
            )
        if component.executor_label not in deployment.executors:
            raise _unreadable(path, f"one whose component '{task.component_ref.name}' has no executor")


def _unreadable(path: Path, received: str) -> ConfigError:
    return ConfigError(
        f"{path}: expected a compiled pipeline (YAML of Kubeflow, or JSON of Vertex), received {received}."
    )
