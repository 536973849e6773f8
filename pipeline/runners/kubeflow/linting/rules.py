"""Runs all rules over a file."""

from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, RunError
from pipeline.runners.kubeflow.linting import containers, kubernetes, parameters, structure, wiring
from pipeline.runners.kubeflow.linting.finding import Finding
from pipeline.runners.kubeflow.linting.reading import documents_in, read

_RULES = (
    *(structure.pipeline_name, structure.root, structure.components, structure.executors, structure.tasks),
    *(structure.task_names, structure.cycles),
    *(wiring.artifacts, wiring.values, wiring.dependencies),
    *(parameters.pipeline_parameters, parameters.task_parameters, parameters.pipeline_root),
    *(containers.images, containers.commands, containers.drivers, containers.caching, containers.resources),
    kubernetes.platform,
)


def lint_file(path: Path) -> list[Finding]:
    """What is to be said against a compiled pipeline.

    Args:
        path: a .yaml package for Kubeflow, or a .json job for Vertex.

    Raises:
        ConfigError: the file cannot be read, or its name ends otherwise.
    """
    try:
        return lint_text(path.read_text(encoding="utf-8"), path.suffix)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected a compiled pipeline, but {error}.") from error


def lint_text(text: str, suffix: str) -> list[Finding]:
    """As `lint_file`, of the text of a file whose name ends in `suffix`."""
    if suffix not in (".yaml", ".yml", ".json"):
        raise ConfigError(
            f"Expected a .yaml package of `kubeflow compile` or a .json job of `vertex compile`, received '{suffix}'."
        )
    for_vertex = suffix == ".json"
    try:
        documents = documents_in(text, for_vertex)
    except ValueError as error:
        return [Finding("document", "file", str(error))]
    return lint_documents(documents, for_vertex)


def lint_documents(documents: list[Any], for_vertex: bool) -> list[Finding]:
    """As `lint_file`, of what a file holds."""
    compiled, findings = read(documents, for_vertex)
    # What does not even parse would only make the other rules say nonsense.
    return findings or [finding for rule in _RULES for finding in rule(compiled)]


def check(text: str, suffix: str) -> None:
    """Refuses what there is something to say against.

    Raises:
        RunError: with all findings. What a user can do wrong was told before: these are of this project.
    """
    if findings := lint_text(text, suffix):
        raise RunError(
            "The compiled pipeline would not run; nothing was written.\n"
            + "\n".join(f"  - {finding}" for finding in findings)
        )
