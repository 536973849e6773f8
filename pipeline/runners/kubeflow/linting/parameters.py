"""What may be set when a run is submitted, and what values are of the type they are said to be."""

from collections.abc import Iterator
from typing import Any

from pipeline.runners.kubeflow.linting.finding import Finding
from pipeline.runners.kubeflow.linting.reading import Compiled
from pipeline.runners.kubeflow.references import root_problem

_KINDS: dict[str, type | tuple[type, ...]] = {
    "STRING": str,
    "NUMBER_INTEGER": (int, float),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": bool,
    "LIST": list,
    "STRUCT": dict,
}


def pipeline_parameters(compiled: Compiled) -> Iterator[Finding]:
    """A run without values is refused, so each has a default; and each goes somewhere."""
    declared = compiled.spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})
    taken = {
        source.get("componentInputParameter")
        for dag in compiled.dags()
        if dag.where == "root"
        for task in dag.tasks.values()
        for source in task.get("inputs", {}).get("parameters", {}).values()
    }
    taken |= {
        executor["importer"].get("artifactUri", {}).get("runtimeParameter")
        for executor in compiled.executors.values()
        if "importer" in executor
    }
    for name, definition in sorted(declared.items()):
        where = f"root.inputDefinitions.parameters.{name}"
        kind = definition.get("parameterType")
        if "defaultValue" in definition:
            if not _is_of(definition["defaultValue"], kind):
                yield Finding(
                    "parameter", where, f"Its default is no {kind}: {definition['defaultValue']!r}."
                )
        elif not definition.get("isOptional"):
            yield Finding(
                "parameter", where, "It has no default, so a run that is submitted without it is refused."
            )
        if kind not in _KINDS:
            yield Finding("parameter", where, f"It has no type that Kubeflow knows: {kind}.")
        if name not in taken:
            yield Finding("parameter", where, "No task takes it: to set it would change nothing.")


def task_parameters(compiled: Compiled) -> Iterator[Finding]:
    """Constants are of the type that the component asks for."""
    for dag in compiled.dags():
        for name, task in sorted(dag.tasks.items()):
            declared = compiled.component_of(task).get("inputDefinitions", {}).get("parameters", {})
            for one, source in sorted(task.get("inputs", {}).get("parameters", {}).items()):
                where = f"{dag.where}.dag.tasks.{name}.inputs.parameters.{one}"
                kind = declared.get(one, {}).get("parameterType")
                value = source.get("runtimeValue", {})
                if "constant" in value and kind and not _is_of(value["constant"], kind):
                    yield Finding("type", where, f"It is to be {kind}, and is {value['constant']!r}.")
                if one == "module_file" and value.get("constant"):
                    yield Finding(
                        "module-file",
                        where,
                        "The code is in the image: name a module, not a file of this machine.",
                    )


def pipeline_root(compiled: Compiled) -> Iterator[Finding]:
    """Where artifacts go is a bucket that the server can write to."""
    where, value = "defaultPipelineRoot", compiled.spec.get("defaultPipelineRoot", "")
    if compiled.for_vertex and not value:
        where, value = (
            "runtimeConfig.gcsOutputDirectory",
            compiled.runtime_config.get("gcsOutputDirectory", ""),
        )
    if not value:
        # Kubeflow then takes the one of its namespace.
        if compiled.for_vertex:
            yield Finding("pipeline-root", where, "Vertex needs a bucket to write to.")
    elif problem := root_problem(value, compiled.for_vertex):
        yield Finding("pipeline-root", where, f"{problem}.")


def _is_of(value: Any, kind: str | None) -> bool:
    wanted = _KINDS.get(kind or "", object)
    if isinstance(value, bool) and wanted is not bool:
        # JSON tells them apart, and Python does not.
        return wanted is object
    return isinstance(value, wanted) and not (kind == "NUMBER_INTEGER" and not float(value).is_integer())
