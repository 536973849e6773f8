"""What runs in the containers, and what they get."""

import re
from collections.abc import Iterator
from typing import Any

from pipeline.runners.kubeflow.linting.finding import Finding
from pipeline.runners.kubeflow.linting.reading import Compiled
from pipeline.runners.kubeflow.references import image_problem

_ENTRYPOINT = "pipeline.runners.kubeflow.entrypoint"
_TFX_ENTRYPOINT = "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"
_EXECUTOR, _TYPES = "--executor_class_path", "--json_serialized_inputs_spec_args"
_INVOCATION, _EVERYTHING = "--json_serialized_invocation_args", "{{$}}"

_EXAMPLE_GEN = re.compile(r"\.example_gen\.")
_OUTSIDE = re.compile(r"^components\.(latest_pushed|schema_import)\.")


def images(compiled: Compiled) -> Iterator[Finding]:
    """An image is pinned, so that a run can be repeated."""
    for label, container in compiled.containers():
        where = f"deploymentSpec.executors.{label}.container.image"
        if problem := image_problem(container.get("image", "")):
            yield Finding("image", where, f"{problem}.")


def commands(compiled: Compiled) -> Iterator[Finding]:
    """The launcher needs a command; a node of TFX needs our entrypoint, and that its arguments."""
    for label, container in compiled.containers():
        where = f"deploymentSpec.executors.{label}.container"
        command, arguments = container.get("command", []), container.get("args", [])
        if not command:
            yield Finding("command", where, "It has no command, and the launcher runs no image's own.")
        if _EXECUTOR not in arguments:
            continue
        if _TFX_ENTRYPOINT in command:
            yield Finding(
                "entrypoint",
                where,
                f"TFX's own entrypoint stops at inputs without types, as Kubeflow hands them; use {_ENTRYPOINT}.",
            )
        for name, value in ((_INVOCATION, _EVERYTHING), (_TYPES, None)):
            given = _argument(arguments, name)
            if given is None or (value and given != value):
                yield Finding(
                    "entrypoint",
                    where,
                    f"Its arguments lack {name} {value or 'with the inputs of the node'}.",
                )


def drivers(compiled: Compiled) -> Iterator[Finding]:
    """Hooks are Vertex' alone."""
    for label, container in compiled.containers():
        if not compiled.for_vertex and container.get("lifecycle"):
            where = f"deploymentSpec.executors.{label}.container.lifecycle"
            yield Finding(
                "lifecycle", where, "Open-source Kubeflow never calls it; our entrypoint does its work."
            )


def caching(compiled: Compiled) -> Iterator[Finding]:
    """What reads from outside is not taken from a cache, which looks at inputs and parameters alone."""
    for dag in compiled.dags():
        for name, task in sorted(dag.tasks.items()):
            if not task.get("cachingOptions", {}).get("enableCache"):
                continue
            label = compiled.component_of(task).get("executorLabel", "")
            arguments = compiled.executors.get(label, {}).get("container", {}).get("args", [])
            executor = _argument(arguments, _EXECUTOR) or ""
            # Vertex runs the driver first, and that fingerprints the files.
            of_example_gen = bool(_EXAMPLE_GEN.search(executor)) and not compiled.for_vertex
            if of_example_gen or _OUTSIDE.search(executor):
                where = f"{dag.where}.dag.tasks.{name}.cachingOptions"
                yield Finding(
                    "cache", where, "It reads what no input tells of: a cache would serve what is old."
                )


def resources(compiled: Compiled) -> Iterator[Finding]:
    """What is reserved is within the limit, and accelerators have a type."""
    for label, container in compiled.containers():
        where = f"deploymentSpec.executors.{label}.container.resources"
        given = container.get("resources", {})
        for name in ("cpu", "memory"):
            limit, request = given.get(f"{name}Limit", 0), given.get(f"{name}Request", 0)
            if limit < 0 or request < 0:
                yield Finding("resources", where, f"Less than no {name} cannot be given.")
            elif limit and request > limit:
                yield Finding(
                    "resources", where, f"It reserves {request} of {name}, and its limit is {limit}."
                )
        yield from _accelerator(where, given.get("accelerator", {}))


def _accelerator(where: str, accelerator: dict[str, Any]) -> Iterator[Finding]:
    given = str(accelerator.get("resourceCount") or accelerator.get("count") or 0)
    # A placeholder is told when the pipeline runs.
    count = 1 if given.startswith("{{") else int(given) if given.lstrip("-").isdecimal() else -1
    has_type = bool(accelerator.get("type") or accelerator.get("resourceType"))
    if count < 0 or has_type != (count > 0):
        yield Finding("resources", where, "An accelerator has a type and a count above 0, or is left out.")


def _argument(arguments: list[str], name: str) -> str | None:
    try:
        return arguments[arguments.index(name) + 1]
    except (ValueError, IndexError):
        return None
