"""Where the numbers of a run come from, as ML Metadata and the model tell it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from components.report.facts import Lineage, NodeRun
from components.report.versions import versions_told
from pipeline.history.notes import data_hash, notes_of
from pipeline.history.runs import Run

_WARM_START = "WarmStart"


def lineage_of(run: Run, facts: Mapping[str, Any]) -> Lineage:
    """The steps, settings and versions of a run.

    Args:
        run: from ML Metadata.
        facts: of the model it trained or took from the cache, from `detector.json`. Of a run from before runs were
            noted, its settings of the training are all there is of a configuration, and the processor cores are those
            of this machine.
    """
    notes = notes_of(run)
    return Lineage(
        nodes=tuple(NodeRun(one.node, one.seconds, one.from_cache) for one in run.steps),
        cores=notes.cores if notes else len(os.sched_getaffinity(0)),
        records=str(run.records),
        configuration=notes.configuration if notes else {"name": run.config_name, **facts["settings"]},
        versions=_versions(run, facts),
        warm_start=_warm_start(run),
    )


def records_are_the_same(run: Run) -> bool:
    """Whether the records lie where they were and hold what they held, as far as that is known."""
    notes, now = notes_of(run), data_hash(run.records)
    return now is not None and (notes is None or notes.data == now)


def _versions(run: Run, facts: Mapping[str, Any]) -> dict[str, str]:
    notes = notes_of(run)
    data = notes.data if notes else data_hash(run.records)
    if data and not records_are_the_same(run):
        data += " (the records have changed since, or are gone)"
    return versions_told(notes.versions if notes else None, facts, data)


def _warm_start(run: Run) -> str | None:
    """The folder of the model that the training started from."""
    start = run.output(_WARM_START, "result")
    return start.uri if start else None
