"""What ML Metadata would not know of a run by itself, noted there: its configuration, its data, and where it ran."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.library_versions import library_versions
from data.card import is_imported
from data.content_hash import content_hash
from data.errors import BadInputError
from pipeline.config import PipelineConfig
from pipeline.history.runs import Run
from pipeline.metadata import open_metadata
from pipeline.workspace import Workspace

_PROPERTY = "deepfake_inspector"
"""Of the run's context: `RunNotes` as JSON."""


@dataclasses.dataclass(frozen=True)
class RunNotes:
    """What was noted of a run.

    Attributes:
        configuration: all settings, as JSON.
        data: names the content of the records, see `data.content_hash`; None for records from elsewhere.
        cores: processor cores it could use.
        versions: of Python and of the libraries, by name.
    """

    configuration: dict[str, Any]
    data: str | None
    cores: int
    versions: dict[str, str]


@contextlib.contextmanager
def noting(config: PipelineConfig, records: Path, workspace: Workspace) -> Iterator[None]:
    """Notes what the run within the block was asked for, also when it fails.

    Args:
        config: of the run; its phases are runs of their own.
        records: what it reads.
        workspace: of the run.

    Raises:
        ConfigError: see `pipeline.metadata.open_metadata`.
    """
    notes = RunNotes(
        configuration=config.model_dump(mode="json", exclude={"phases"}),
        data=data_hash(records),
        cores=len(os.sched_getaffinity(0)),
        versions=library_versions(),
    )
    before = _newest(workspace)
    try:
        yield
    finally:
        _note(workspace, before, json.dumps(dataclasses.asdict(notes)))


def data_hash(records: Path) -> str | None:
    """Names the content of records as it is now; None of records from elsewhere, and of what is gone or broken."""
    try:
        return content_hash(records) if is_imported(records) else None
    except (OSError, BadInputError):
        return None


def notes_of(run: Run) -> RunNotes | None:
    """What was noted; None of a run from before runs were noted."""
    if _PROPERTY not in run.context.custom_properties:
        return None
    return RunNotes(**json.loads(run.context.custom_properties[_PROPERTY].string_value))


def configuration_of(run: Run) -> dict[str, Any]:
    """The settings of a run, as JSON: all that were noted, or else those that its Trainer was given."""
    if notes := notes_of(run):
        return notes.configuration
    trainer = run.step("Trainer")
    given = trainer.properties.get("custom_config") if trainer else None
    return json.loads(given)["settings"] if given else {}


def _newest(workspace: Workspace) -> int:
    contexts = open_metadata(workspace).get_contexts_by_type("pipeline_run")
    return max((one.id for one in contexts), default=0)


def _note(workspace: Workspace, before: int, text: str) -> None:
    """Onto the run that has begun since; none has where something was wrong before the first node."""
    store = open_metadata(workspace)
    begun = [one for one in store.get_contexts_by_type("pipeline_run") if one.id > before]
    if begun:
        newest = max(begun, key=lambda one: one.id)
        newest.custom_properties[_PROPERTY].string_value = text
        store.put_contexts([newest])
