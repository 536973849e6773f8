"""Who gives what to whom: no input comes from nowhere, and each is of the type that is asked for."""

import re
from collections.abc import Iterator
from typing import Any

from pipeline.runners.kubeflow.linting.finding import Finding
from pipeline.runners.kubeflow.linting.reading import Compiled, Dag

_TITLE = re.compile(r"^title:\s*(\S+)", re.MULTILINE)


def artifacts(compiled: Compiled) -> Iterator[Finding]:
    """Inputs that are artifacts."""
    yield from _inputs(
        compiled, "artifacts", "taskOutputArtifact", "outputArtifactKey", "componentInputArtifact"
    )


def values(compiled: Compiled) -> Iterator[Finding]:
    """Inputs that are parameters."""
    yield from _inputs(
        compiled, "parameters", "taskOutputParameter", "outputParameterKey", "componentInputParameter"
    )


def dependencies(compiled: Compiled) -> Iterator[Finding]:
    """Tasks that a task waits for, and those whose outputs a DAG hands out."""
    for dag in compiled.dags():
        for name, task in sorted(dag.tasks.items()):
            for awaited in task.get("dependentTasks", ()):
                if awaited not in dag.tasks:
                    where = f"{dag.where}.dag.tasks.{name}.dependentTasks"
                    yield Finding("producer", where, f"There is no task '{awaited}' to wait for.")
        outputs = dag.component["dag"].get("outputs", {})
        for name, output in sorted(outputs.get("artifacts", {}).items()):
            for selector in output.get("artifactSelectors", ()):
                if selector.get("producerSubtask") not in dag.tasks:
                    where = f"{dag.where}.dag.outputs.artifacts.{name}"
                    yield Finding("producer", where, f"There is no task '{selector.get('producerSubtask')}'.")


def _inputs(compiled: Compiled, kind: str, output: str, key: str, from_outside: str) -> Iterator[Finding]:
    for dag in compiled.dags():
        for name, task in sorted(dag.tasks.items()):
            component = compiled.component_of(task)
            declared = component.get("inputDefinitions", {}).get(kind, {})
            given = task.get("inputs", {}).get(kind, {})
            place = f"{dag.where}.dag.tasks.{name}.inputs.{kind}"
            for one, source in sorted(given.items()):
                where = f"{place}.{one}"
                if component and one not in declared:
                    yield Finding("input", where, "The component of the task has no such input.")
                    continue
                if output in source:
                    yield from _from_task(
                        compiled, dag, where, declared.get(one, {}), source[output], (kind, key)
                    )
                elif from_outside in source:
                    outside = dag.component.get("inputDefinitions", {}).get(kind, {})
                    if source[from_outside] not in outside:
                        yield Finding(
                            "producer",
                            where,
                            f"There is no input '{source[from_outside]}' of {dag.where} to hand on.",
                        )
                elif "taskFinalStatus" in source:
                    if source["taskFinalStatus"].get("producerTask") not in dag.tasks:
                        yield Finding(
                            "producer", where, "It is the final status of a task that is not there."
                        )
                elif not source:
                    yield Finding("producer", where, "It says nothing of where it comes from.")
            for one in sorted(declared.keys() - given.keys()):
                if not _may_be_left_out(declared[one]):
                    yield Finding(
                        "input", f"{place}.{one}", "The component needs it, and the task gives none."
                    )


def _from_task(
    compiled: Compiled,
    dag: Dag,
    where: str,
    wanted: dict[str, Any],
    source: dict[str, Any],
    names: tuple[str, str],
) -> Iterator[Finding]:
    kind, key = names
    producer, output = source.get("producerTask"), source.get(key)
    if producer not in dag.tasks:
        yield Finding("producer", where, f"It comes from the task '{producer}', which is not there.")
        return
    offered = compiled.component_of(dag.tasks[producer]).get("outputDefinitions", {}).get(kind, {})
    if output not in offered:
        yield Finding("producer", where, f"The task '{producer}' has no output '{output}'.")
        return
    expected, received = type_of(wanted), type_of(offered[output])
    if expected and received and expected != received:
        yield Finding("type", where, f"It is to be {expected}; '{producer}' gives {received}.")


def type_of(definition: dict[str, Any]) -> str:
    """The name of the type that a definition of an input or output tells; empty when it tells none."""
    schema = definition.get("artifactType", {})
    if title := _TITLE.search(schema.get("instanceSchema", "")):
        return title[1]
    return schema.get("schemaTitle") or definition.get("parameterType", "")


def _may_be_left_out(definition: dict[str, Any]) -> bool:
    return bool(definition.get("isOptional")) or "defaultValue" in definition
