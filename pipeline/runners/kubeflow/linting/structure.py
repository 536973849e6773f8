"""What a pipeline is made of: its name, components, executors and tasks."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from pipeline.runners.kubeflow.linting.finding import Finding
from pipeline.runners.kubeflow.linting.reading import ROOT, Compiled, Dag

_PIPELINE_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,126}[a-z0-9])?")
_TASK_NAME = re.compile(r"[A-Za-z0-9][-_A-Za-z0-9]{0,117}")
_DRIVER = "-driver"


def pipeline_name(compiled: Compiled) -> Iterator[Finding]:
    """The name makes names of Kubernetes."""
    name = compiled.spec.get("pipelineInfo", {}).get("name", "")
    if not _PIPELINE_NAME.fullmatch(name):
        yield Finding(
            "pipeline-name",
            "pipelineInfo.name",
            "A pipeline is named by up to 128 of a-z, 0-9 and '-', with a letter or digit at both ends; this is "
            f"'{name}'.",
        )


def root(compiled: Compiled) -> Iterator[Finding]:
    """The root is a DAG with tasks."""
    if not compiled.spec.get(ROOT, {}).get("dag", {}).get("tasks"):
        yield Finding("root", ROOT, "A pipeline has tasks in root.dag.tasks; there are none.")
    if ROOT in compiled.components:
        yield Finding("root", f"components.{ROOT}", "The name 'root' is taken: it is the pipeline itself.")


def components(compiled: Compiled) -> Iterator[Finding]:
    """Each component is a DAG or has an executor, and is used."""
    used = {
        task.get("componentRef", {}).get("name") for dag in compiled.dags() for task in dag.tasks.values()
    }
    for name, component in sorted(compiled.components.items()):
        where = f"components.{name}"
        label = component.get("executorLabel")
        if label is None and "dag" not in component:
            yield Finding("component", where, "A component has an executorLabel or a dag; this has neither.")
        elif label is not None and label not in compiled.executors:
            yield Finding("component", where, f"Its executor '{label}' is not in the deploymentSpec.")
        if name not in used:
            yield Finding("component", where, "No task uses it.")


def executors(compiled: Compiled) -> Iterator[Finding]:
    """Open-source Kubeflow knows containers and importers alone."""
    used = {component.get("executorLabel") for component in compiled.components.values()}
    for label, executor in sorted(compiled.executors.items()):
        where = f"deploymentSpec.executors.{label}"
        kind = next(iter(executor), None)
        if kind is None:
            yield Finding("executor", where, "It says neither container nor importer.")
        elif kind == "resolver" and not compiled.for_vertex:
            yield Finding(
                "resolver",
                where,
                "Open-source Kubeflow has no resolver. The latest blessed model comes from "
                "`components.latest_pushed` there.",
            )
        elif kind == "customJob":
            yield Finding("executor", where, "A custom job is of Google Cloud's past; use a container.")
        elif kind == "importer" and not executor[kind].get("artifactUri"):
            yield Finding("executor", where, "An importer needs an artifactUri.")
        if label not in used:
            yield Finding("executor", where, "No component uses it.")


def tasks(compiled: Compiled) -> Iterator[Finding]:
    """Each task is of a component, and asks for nothing that Kubeflow cannot do."""
    for dag in compiled.dags():
        for name, task in sorted(dag.tasks.items()):
            where = f"{dag.where}.dag.tasks.{name}"
            component = task.get("componentRef", {}).get("name")
            if not component:
                yield Finding("component-ref", where, "A task names its component; this names none.")
            elif component not in compiled.components:
                yield Finding("component-ref", where, f"There is no component '{component}'.")
            if compiled.for_vertex:
                continue
            if "artifactIterator" in task:
                yield Finding("iterator", where, "Open-source Kubeflow cannot iterate over artifacts.")
            label = compiled.component_of(task).get("executorLabel")
            is_importer = "importer" in compiled.executors.get(label, {})
            if is_importer and task.get("triggerPolicy", {}).get("condition"):
                yield Finding("importer", where, "An importer cannot have a condition.")


def task_names(compiled: Compiled) -> Iterator[Finding]:
    """Tasks become tasks of an Argo DAG, each beside a driver that is named after it."""
    for dag in compiled.dags():
        for name in sorted(dag.tasks):
            where = f"{dag.where}.dag.tasks.{name}"
            if not _TASK_NAME.fullmatch(name):
                yield Finding(
                    "task-name",
                    where,
                    "A task is named by up to 118 of A-Z, a-z, 0-9, '-' and '_', not by this.",
                )
            if name.endswith(_DRIVER) and name.removesuffix(_DRIVER) in dag.tasks:
                yield Finding("task-name", where, "The driver of another task has this name.")


def cycles(compiled: Compiled) -> Iterator[Finding]:
    """Tasks wait for each other in one direction, and no component holds itself."""
    for dag in compiled.dags():
        yield from _cycle(
            {name: producers_of(dag, name) for name in dag.tasks},
            f"{dag.where}.dag.tasks",
            "tasks wait for one another",
        )
    holds = {
        name: {
            task.get("componentRef", {}).get("name")
            for task in component.get("dag", {}).get("tasks", {}).values()
        }
        for name, component in compiled.components.items()
    }
    yield from _cycle(holds, "components", "components hold one another")


def producers_of(dag: Dag, name: str) -> set[str]:
    """The tasks that a task waits for, as far as they exist."""
    task = dag.tasks[name]
    inputs = task.get("inputs", {})
    named = set(task.get("dependentTasks", ()))
    for source in (*inputs.get("artifacts", {}).values(), *inputs.get("parameters", {}).values()):
        for kind in ("taskOutputArtifact", "taskOutputParameter", "taskFinalStatus"):
            named.add(source.get(kind, {}).get("producerTask", ""))
    return named & dag.tasks.keys()


def _cycle(waits_for: dict[str, set[str]], where: str, what: str) -> Iterator[Finding]:
    try:
        TopologicalSorter(waits_for).prepare()
    except CycleError as error:
        yield Finding("cycle", where, f"In a circle, {what}: {' -> '.join(reversed(error.args[1]))}.")
