"""Mends what TFX's compiler leaves wrong, and adds what it cannot say.

A stock specification is made for Vertex. What open-source Kubeflow makes of it, and so what is mended here, stands in
each function's docstring.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.runners.kubeflow.target import NodeSettings, Target
from pipeline.runners.task_caching import READS_FROM_OUTSIDE

EXAMPLE_GEN = "ImportExampleGen"

_TASK_SUFFIX = "_task"


def normalise(
    spec: dict[str, Any],
    target: Target,
    parameters: Mapping[str, Any],
    pipeline_root: str,
    *,
    for_vertex: bool = False,
) -> None:
    """Changes a PipelineSpec in place into one that runs.

    Args:
        spec: as TFX compiled it, with JSON's names.
        target: what each node gets.
        parameters: defaults of the pipeline's parameters, by name.
        pipeline_root: where nodes write, unless who submits a run says otherwise.
        for_vertex: whether Vertex is to run it.
    """
    spec["defaultPipelineRoot"] = pipeline_root
    add_defaults(spec, parameters)
    mend_producers(spec)
    executors = spec["deploymentSpec"]["executors"]
    for node, task in spec["root"]["dag"]["tasks"].items():
        settings = target.of_node(node)
        _set_caching(node, task, settings.cache, for_vertex)
        _set_retries(task, settings)
        executor = executors[spec["components"][node]["executorLabel"]]
        if "container" in executor:
            container = executor["container"]
            container["image"] = settings.image or container["image"]
            _set_resources(container, settings)
            if not for_vertex:
                leave_driver_to_entrypoint(container)


def add_defaults(spec: dict[str, Any], parameters: Mapping[str, Any]) -> None:
    """TFX drops the defaults of RuntimeParameters, and a run without all values is refused."""
    for name, declared in spec["root"].get("inputDefinitions", {}).get("parameters", {}).items():
        if name in parameters:
            declared["defaultValue"] = parameters[name]


def mend_producers(spec: dict[str, Any]) -> None:
    """A parameter from another node's output names its producer `NODE_task`, and there is no such task."""
    for dag in _dags(spec):
        for task in dag["tasks"].values():
            for source in task.get("inputs", {}).get("parameters", {}).values():
                output = source.get("taskOutputParameter", {})
                producer = output.get("producerTask", "")
                mended = producer.removesuffix(_TASK_SUFFIX)
                if producer not in dag["tasks"] and mended in dag["tasks"]:
                    output["producerTask"] = mended


def leave_driver_to_entrypoint(container: dict[str, Any]) -> None:
    """The driver of an ExampleGen sits in a hook that open-source Kubeflow never calls; our entrypoint runs it."""
    container.pop("lifecycle", None)


def _set_caching(node: str, task: dict[str, Any], wanted: bool, for_vertex: bool) -> None:
    """What reads from outside is read anew. Vertex runs ExampleGen's driver first, which looks at the files."""
    outside = READS_FROM_OUTSIDE | (frozenset() if for_vertex else {EXAMPLE_GEN})
    # Without the key, Vertex and the clients take it for on.
    task["cachingOptions"] = {"enableCache": True} if wanted and node not in outside else {}


def _set_retries(task: dict[str, Any], settings: NodeSettings) -> None:
    if settings.retries:
        task["retryPolicy"] = {
            "maxRetryCount": settings.retries,
            "backoffDuration": f"{settings.retry_after_s}s",
            "backoffFactor": 2.0,
            "backoffMaxDuration": "3600s",
        }


def _set_resources(container: dict[str, Any], settings: NodeSettings) -> None:
    """Also of ExampleGen, whose `platform_config` TFX ignores.

    In the fields that newer schemas call deprecated: every version reads them, and older ones know no others.
    """
    resources: dict[str, Any] = {
        "cpuLimit": settings.cpu,
        "cpuRequest": settings.cpu_request,
        "memoryLimit": settings.memory,
        "memoryRequest": settings.memory_request,
    }
    if settings.gpus:
        # JSON has 64-bit integers as text.
        resources["accelerator"] = {"type": settings.gpu_type, "count": str(settings.gpus)}
    if set_ones := {key: value for key, value in resources.items() if value is not None}:
        container["resources"] = set_ones
    if settings.env:
        container["env"] = [{"name": name, "value": value} for name, value in sorted(settings.env.items())]


def _dags(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for component in (spec["root"], *spec.get("components", {}).values()):
        if "dag" in component:
            yield component["dag"]
