"""From the text of a file to a compiled pipeline that the other rules can look at, or to what keeps it from parsing.

It is parsed by the protocol buffers of the installed kfp-pipeline-spec, as strictly as the server's: an unknown field
is an error.
"""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.message import Message
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners.kubeflow.linting.finding import Finding

_SCHEMAS = {False: ("2.1.0",), True: ("2.0.0", "2.1.0")}

# Both are safe; the one in C is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

ROOT = "root"
"""The name of the component that is the pipeline."""


@dataclasses.dataclass(frozen=True)
class Dag:
    """A component that is made of tasks; where it is, what it is, and its tasks by name."""

    where: str
    component: dict[str, Any]
    tasks: dict[str, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A pipeline that parses. All messages have JSON's names in camelCase.

    Attributes:
        spec: the PipelineSpec.
        executors: by label.
        platform: the second document; None without one.
        for_vertex: whether Vertex is to run it.
        runtime_config: of a PipelineJob for Vertex.
    """

    spec: dict[str, Any]
    executors: dict[str, dict[str, Any]]
    platform: dict[str, Any] | None
    for_vertex: bool
    runtime_config: dict[str, Any]

    @property
    def components(self) -> dict[str, dict[str, Any]]:
        """By name, without the root."""
        return self.spec.get("components", {})

    def dags(self) -> Iterator[Dag]:
        """The root first."""
        for name, component in {ROOT: self.spec.get(ROOT, {}), **self.components}.items():
            if "dag" in component:
                where = ROOT if component is self.spec.get(ROOT) else f"components.{name}"
                yield Dag(where, component, component["dag"].get("tasks", {}))

    def component_of(self, task: dict[str, Any]) -> dict[str, Any]:
        """The component of a task; empty where there is none, which another rule says."""
        return self.components.get(task.get("componentRef", {}).get("name", ""), {})

    def containers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Label and container of each executor that is one."""
        for label, executor in sorted(self.executors.items()):
            if "container" in executor:
                yield label, executor["container"]


def documents_in(text: str, for_vertex: bool) -> list[Any]:
    """The documents of a file: YAML, or JSON for Vertex.

    Raises:
        ValueError: it is neither; the message says where.
    """
    try:
        documents = [json.loads(text)] if for_vertex else list(yaml.load_all(text, Loader=_LOADER))
    except (ValueError, yaml.YAMLError) as error:
        kind = "JSON" if for_vertex else "YAML"
        raise ValueError(f"This is no {kind}: {' '.join(str(error).split())}.") from error
    return [one for one in documents if one is not None]


def read(documents: list[Any], for_vertex: bool) -> tuple[Compiled | None, list[Finding]]:
    """Parses the documents of a file.

    Returns:
        The pipeline, and no findings; or None, and what keeps it from parsing.
    """
    findings = list(_documents(documents, for_vertex))
    if findings:
        return None, findings
    job = documents[0] if for_vertex else {"pipelineSpec": documents[0]}
    spec = job["pipelineSpec"]
    platform = documents[1] if len(documents) > 1 else None
    parsed: dict[str, Any] = {}
    for what, content, kind in (
        ("pipelineSpec", spec, pipeline_spec_pb2.PipelineSpec),
        ("deploymentSpec", spec.get("deploymentSpec", {}), pipeline_spec_pb2.PipelineDeploymentConfig),
        ("job", job, pipeline_spec_pb2.PipelineJob),
        ("platform", platform or {}, pipeline_spec_pb2.PlatformSpec),
    ):
        try:
            message: Message = json_format.ParseDict(content, kind())
            # Not all that can be read can be written: a number that is none, such as NaN.
            parsed[what] = json_format.MessageToDict(message)
        except (json_format.Error, TypeError, ValueError, AttributeError) as error:
            findings.append(
                Finding("schema", what, f"It is no {kind.DESCRIPTOR.name}: {' '.join(str(error).split())}.")
            )
    if findings:
        return None, findings
    findings = list(_schema_version(parsed["pipelineSpec"], for_vertex))
    compiled = Compiled(
        parsed["pipelineSpec"],
        parsed["deploymentSpec"].get("executors", {}),
        None if platform is None else parsed["platform"],
        for_vertex,
        parsed["job"].get("runtimeConfig", {}),
    )
    return compiled, findings


def _documents(documents: list[Any], for_vertex: bool) -> Iterator[Finding]:
    if not documents or not all(isinstance(one, dict) for one in documents):
        yield Finding("document", "file", "A compiled pipeline is keys and values; this is something else.")
        return
    first = documents[0]
    if for_vertex:
        if not isinstance(first.get("pipelineSpec"), dict):
            yield Finding(
                "document", "file", "A job for Vertex has its pipeline in 'pipelineSpec'; there is none."
            )
    elif "pipelineSpec" in first:
        yield Finding(
            "document",
            "file",
            "This is a PipelineJob, as Vertex takes it; Kubeflow Pipelines takes the bare PipelineSpec.",
        )
    if len(documents) > 2:
        yield Finding(
            "document",
            "file",
            f"A package has one or two documents, pipeline and platform; this has {len(documents)}.",
        )
    for number, one in enumerate(documents[1:], start=2):
        if "platforms" not in one:
            yield Finding(
                "document", f"document {number}", "A second document has the key 'platforms'; this has not."
            )


def _schema_version(spec: dict[str, Any], for_vertex: bool) -> Iterator[Finding]:
    known, received = _SCHEMAS[for_vertex], spec.get("schemaVersion")
    if received not in known:
        yield Finding(
            "schema-version",
            "schemaVersion",
            f"The server takes {' and '.join(known)} alone; this is {received!r}.",
        )
