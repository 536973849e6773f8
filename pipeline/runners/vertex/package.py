"""The package that `vertex compile` writes: a PipelineJob in JSON."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.runners import task_caching


@dataclass(frozen=True)
class Job:
    """A compiled pipeline.

    Attributes:
        content: PipelineJob, keys in camelCase: `pipelineSpec`, `runtimeConfig` and, if it has them, `labels`.
    """

    content: dict[str, Any]

    @property
    def spec(self) -> dict[str, Any]:
        """PipelineSpec."""
        return self.content["pipelineSpec"]

    @property
    def name(self) -> str:
        """Of the pipeline."""
        return self.spec["pipelineInfo"]["name"]

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """What the pipeline declares, by name."""
        return self.spec["root"].get("inputDefinitions", {}).get("parameters", {})

    @property
    def given(self) -> frozenset[str]:
        """Names of the parameters that the job brings a value for."""
        runtime = self.content["runtimeConfig"]
        return frozenset(runtime.get("parameters", {})) | frozenset(runtime.get("parameterValues", {}))

    @property
    def labels(self) -> dict[str, str]:
        """That the compiler gave it."""
        return self.content.get("labels", {})

    @property
    def pipeline_root(self) -> str | None:
        """Where artifacts go, if the package says."""
        return self.spec.get("defaultPipelineRoot") or self.content["runtimeConfig"].get("gcsOutputDirectory")

    def with_caching(self, on: bool | None) -> "Job":
        """The same with caching on or off, see `task_caching`; None leaves it as it was compiled."""
        if on is None:
            return self
        return replace(
            self, content=self.content | {"pipelineSpec": task_caching.with_caching(self.spec, on)}
        )


def read_job(path: Path) -> Job:
    """Reads a package.

    Raises:
        ConfigError: it is no PipelineJob.
    """
    if path.suffix != ".json":
        raise ConfigError(
            f"{path}: expected the .json file of `vertex compile`, received '{path.suffix}'. The .yaml file of "
            "`kubeflow compile` goes to `kubeflow submit`."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: expected JSON, but {' '.join(str(error).split())}.") from error
    spec = content.get("pipelineSpec") if isinstance(content, dict) else None
    if not isinstance(spec, dict):
        raise ConfigError(f"{path}: expected a PipelineJob with 'pipelineSpec', and there is none.")
    for where, found in (
        ("pipelineSpec.schemaVersion", spec.get("schemaVersion")),
        ("pipelineSpec.pipelineInfo.name", (spec.get("pipelineInfo") or {}).get("name")),
        ("pipelineSpec.root", spec.get("root")),
    ):
        if not found:
            raise ConfigError(f"{path}: expected '{where}', and there is none. Compile it again.")
    return Job({"runtimeConfig": {}} | content)
