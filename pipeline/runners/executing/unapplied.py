"""What a spec asks of a cluster that this machine does not give: told, so that nobody thinks it was tried."""

from collections.abc import Iterator

from pipeline.runners.executing.compiled import DEADLINE, CompiledSpec


def unapplied(compiled: CompiledSpec) -> Iterator[str]:
    """A line for each task that asks for something: resources, retries, settings of Kubernetes."""
    for task in sorted(compiled.spec.root.dag.tasks):
        asked = [*_resources(compiled, task), *_retries(compiled, task), *_kubernetes(compiled, task)]
        if asked:
            yield f"{task}: {', '.join(asked)}"


def _resources(compiled: CompiledSpec, task: str) -> Iterator[str]:
    resources = compiled.executor(task).container.resources
    if resources.cpu_limit:
        yield f"{resources.cpu_limit:g} CPUs"
    if resources.memory_limit:
        yield f"{resources.memory_limit:g} GB of memory"
    if resources.accelerator.count:
        yield f"{resources.accelerator.count} {resources.accelerator.type}"


def _retries(compiled: CompiledSpec, task: str) -> Iterator[str]:
    if retries := compiled.spec.root.dag.tasks[task].retry_policy.max_retry_count:
        yield f"{retries} retries"


def _kubernetes(compiled: CompiledSpec, task: str) -> Iterator[str]:
    asked = compiled.kubernetes(task)
    for key in sorted(asked.keys() - {DEADLINE}):
        if key == "pvcMount":
            # What the node keeps there is on this machine, and not below the folder of the run.
            paths = ", ".join(str(one.get("mountPath")) for one in asked[key])
            yield f"{key} ({paths}: a folder of this machine)"
        else:
            yield key
