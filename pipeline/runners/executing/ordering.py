"""The order of the tasks, and what of a spec cannot be executed here."""

import graphlib

from pipeline.errors import ConfigError
from pipeline.runners.executing.compiled import CompiledSpec


def ordered_tasks(compiled: CompiledSpec) -> list[str]:
    """The names of all tasks, each after those it needs; among the free ones, as the spec names them.

    Raises:
        ConfigError: a task needs one that is not there, or itself, or is of a kind that is not executed here.
    """
    tasks = compiled.spec.root.dag.tasks
    needed: dict[str, set[str]] = {}
    for name in sorted(tasks):
        _check_kind(compiled, name)
        needed[name] = _producers(compiled, name) | set(tasks[name].dependent_tasks)
        if missing := sorted(needed[name] - set(tasks)):
            raise ConfigError(
                f"Task '{name}' needs '{missing[0]}', which the spec has not; it has {', '.join(sorted(tasks))}."
            )
    try:
        return list(graphlib.TopologicalSorter(needed).static_order())
    except graphlib.CycleError as error:
        raise ConfigError(f"Expected tasks without a circle, received {' → '.join(error.args[1])}.") from None


def _producers(compiled: CompiledSpec, name: str) -> set[str]:
    inputs = compiled.spec.root.dag.tasks[name].inputs
    artifacts = {one.task_output_artifact.producer_task for one in inputs.artifacts.values()}
    parameters = {one.task_output_parameter.producer_task for one in inputs.parameters.values()}
    return (artifacts | parameters) - {""}


def _check_kind(compiled: CompiledSpec, name: str) -> None:
    task, executor = compiled.spec.root.dag.tasks[name], compiled.executor(name)
    kind = executor.WhichOneof("spec")
    if kind not in ("container", "importer"):
        # A resolver asks the metadata of Vertex; open-source Kubeflow refuses it, too.
        raise ConfigError(
            f"Task '{name}': expected a container or an importer, received {kind or 'nothing'}, which open-source "
            "Kubeflow cannot run."
        )
    if kind == "container" and not executor.container.command:
        raise ConfigError(
            f"Task '{name}': expected a container with a command, received none: what its image would run is not "
            "known here."
        )
    for feature in ("artifact_iterator", "parameter_iterator"):
        if task.HasField(feature):
            raise ConfigError(f"Task '{name}': loops ({feature}) are not executed here.")
    if task.trigger_policy.condition or task.trigger_policy.strategy > 1:
        raise ConfigError(f"Task '{name}': conditions and exit handlers are not executed here.")
