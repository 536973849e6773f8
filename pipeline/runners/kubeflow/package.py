"""The package that `kubeflow compile` writes: a YAML file of one or two documents, pipeline and platform."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import ConfigError
from pipeline.runners import task_caching

SCHEMA_VERSION = "2.1.0"


@dataclass(frozen=True)
class Package:
    """A compiled pipeline.

    Attributes:
        spec: PipelineSpec, keys in camelCase.
        platform: PlatformSpec; empty where the package has one document.
    """

    spec: dict[str, Any]
    platform: dict[str, Any]

    @property
    def name(self) -> str:
        """Of the pipeline."""
        return self.spec["pipelineInfo"]["name"]

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """What the pipeline declares, by name."""
        return self.spec["root"].get("inputDefinitions", {}).get("parameters", {})

    @property
    def tasks(self) -> frozenset[str]:
        """Names of the nodes, those of nested DAGs too."""
        return frozenset(task_caching.tasks_of(self.spec))

    def with_caching(self, on: bool | None) -> "Package":
        """The same with caching on or off, see `task_caching`; None leaves it as it was compiled."""
        return self if on is None else replace(self, spec=task_caching.with_caching(self.spec, on))

    def write(self, path: Path) -> None:
        """Writes it as a package again."""
        documents = [self.spec, self.platform] if self.platform else [self.spec]
        path.write_text(yaml.safe_dump_all(documents, sort_keys=False), encoding="utf-8")


def read_package(path: Path) -> Package:
    """Reads a package and looks for what the server asks of every one.

    Raises:
        ConfigError: it is no such file.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError(
            f"{path}: expected the .yaml file of `kubeflow compile`, received '{path.suffix}'. The .json file of "
            "`vertex compile` goes to `vertex submit`."
        )
    try:
        documents = [
            each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None
        ]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: expected YAML, but {' '.join(str(error).split())}.") from error
    if not 1 <= len(documents) <= 2 or not all(isinstance(each, dict) for each in documents):
        raise ConfigError(
            f"{path}: expected one or two documents of keys and values, pipeline and platform, received "
            f"{len(documents)}."
        )
    spec, platform = (*documents, {})[:2]
    _check(path, spec)
    if platform and set(platform) != {"platforms"}:
        raise ConfigError(
            f"{path}, second document: expected the one key 'platforms', received {', '.join(map(str, platform))}."
        )
    return Package(spec, platform)


def _check(path: Path, spec: dict[str, Any]) -> None:
    version = spec.get("schemaVersion")
    if version != SCHEMA_VERSION:
        raise ConfigError(
            f"{path}: expected schemaVersion {SCHEMA_VERSION}, which is all that Kubeflow Pipelines takes, received "
            f"{version!r}. Compile it with `kubeflow compile`."
        )
    for where, found in (
        ("pipelineInfo.name", (spec.get("pipelineInfo") or {}).get("name")),
        ("root", spec.get("root")),
    ):
        if not found:
            raise ConfigError(f"{path}: expected '{where}', and there is none. Compile it again.")
