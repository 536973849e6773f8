"""Caching of a compiled pipeline switched for one run.

Neither kfp's own switch nor Vertex' is used: both turn caching on for every task, also for one that reads from
outside what no artifact tells of (new images, the latest blessed model), and so serve what an earlier run saw; and
kfp's leaves nested DAGs as they are.
"""

import copy
from collections.abc import Iterator
from typing import Any

READS_FROM_OUTSIDE = frozenset({"ImportSchemaGen", "LatestBlessed"})
"""Nodes whose result depends on what no input tells of, so that a cache would serve what is old."""


def with_caching(spec: dict[str, Any], on: bool) -> dict[str, Any]:
    """A copy of a PipelineSpec whose tasks are cached, or are not.

    Args:
        spec: PipelineSpec as JSON has it, keys in camelCase.
        on: False turns caching off for every task; True turns it on for those that take an artifact, and leaves those
            that read from outside as they were compiled.
    """
    changed = copy.deepcopy(spec)
    for name, task in tasks_of(changed).items():
        reads_artifacts_alone = (
            bool(task.get("inputs", {}).get("artifacts")) and name not in READS_FROM_OUTSIDE
        )
        if not on or reads_artifacts_alone:
            task["cachingOptions"] = {"enableCache": on}
    return changed


def tasks_of(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The tasks of all DAGs of a PipelineSpec, by name; not copied."""
    return {name: task for dag in _dags(spec) for name, task in dag.get("tasks", {}).items()}


def _dags(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for component in (spec.get("root", {}), *spec.get("components", {}).values()):
        if "dag" in component:
            yield component["dag"]
