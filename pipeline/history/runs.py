"""The runs of a workspace, as ML Metadata has them; needs neither TFX nor TensorFlow."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Sequence
from pathlib import Path

import ml_metadata
from ml_metadata.proto import metadata_store_pb2

from pipeline.errors import ConfigError
from pipeline.workspace import Workspace

_READER, _TRAINER, _LAST = "ImportExampleGen", "Trainer", "Pusher"
_EXECUTION = metadata_store_pb2.Execution
_MOST_NAMED = 10


class Outcome(enum.Enum):
    """How a run ended."""

    DONE = "done"
    TRAINED = "trained"
    """It trained and evaluated nothing, as the further seeds of `run --repeat` do; or it was stopped right then."""
    FAILED = "failed"
    UNFINISHED = "unfinished"
    """It was killed, or is still running."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One node of a run.

    Attributes:
        node: its name.
        state: a state of `Execution`.
        began, ended: milliseconds since 1970, in UTC.
        seconds: how long it took; of one from the cache, how long its maker took; None where that is not known.
        properties: its parameters, as text; those that are no text are left out.
        outputs: artifacts by the name of the output.
    """

    node: str
    state: int
    began: int
    ended: int
    seconds: float | None
    properties: dict[str, str]
    outputs: dict[str, metadata_store_pb2.Artifact]

    @property
    def from_cache(self) -> bool:
        """Whether an earlier run's output was taken."""
        return self.state == _EXECUTION.CACHED


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of the pipeline.

    Attributes:
        context: what ML Metadata has of it; its name is the moment it began, and the run's.
        config_name: name of the configuration.
        steps: in the order they ran.
    """

    context: metadata_store_pb2.Context
    config_name: str
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """The moment it began, in local time: `2026-11-25T04:14:41.813181`."""
        return self.context.name

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        if self.failed_at:
            return Outcome.FAILED
        done = {one.node for one in self.steps if one.state in (_EXECUTION.COMPLETE, _EXECUTION.CACHED)}
        if _LAST in done:
            return Outcome.DONE
        if any(one.state == _EXECUTION.RUNNING for one in self.steps) or _TRAINER not in done:
            return Outcome.UNFINISHED
        return Outcome.TRAINED if self.steps[-1].node == _TRAINER else Outcome.UNFINISHED

    @property
    def failed_at(self) -> str | None:
        """The node that failed."""
        return next((one.node for one in self.steps if one.state == _EXECUTION.FAILED), None)

    @property
    def seconds(self) -> float | None:
        """From the start of the first step to the end of the last; None where no step has begun."""
        if not self.steps:
            return None
        return (max(one.ended for one in self.steps) - min(one.began for one in self.steps)) / 1000

    @property
    def records(self) -> Path | None:
        """The folder of records it read; None where it never came to that."""
        reader = self.step(_READER)
        return Path(reader.properties["input_base"]) if reader and "input_base" in reader.properties else None

    def step(self, node: str) -> Step | None:
        """The step of a node, if it ran."""
        return next((one for one in self.steps if one.node == node), None)

    def output(self, node: str, name: str) -> metadata_store_pb2.Artifact | None:
        """What a node put out, made or taken from the cache; None where there is nothing."""
        step = self.step(node)
        return step.outputs.get(name) if step else None

    def report_folder(self, workspace: Workspace) -> Path:
        """Where all that is told of it is kept."""
        return report_folder(workspace, self.name)


def report_folder(workspace: Workspace, run: str) -> Path:
    """The folder of reports of a run, by the run's name."""
    return workspace.reports / run.replace(":", "-")


def read_runs(store: ml_metadata.MetadataStore, most: int | None = None) -> list[Run]:
    """The runs of a workspace, the newest first.

    Args:
        store: see `pipeline.metadata.open_metadata`.
        most: how many of the newest; None for all.
    """
    contexts = sorted(store.get_contexts_by_type("pipeline_run"), key=lambda one: one.id, reverse=True)
    return [_run(store, context) for context in contexts[:most]]


def find_run(runs: Sequence[Run], name: str) -> Run:
    """The run of a name, or of the beginning of one that no other run has.

    Args:
        runs: those there are.
        name: as `history` gives it, or as the folder of reports is called.

    Raises:
        ConfigError: there is none, or several begin so.
    """
    wanted = name.replace(":", "-")
    found = [one for one in runs if one.name.replace(":", "-").startswith(wanted)]
    exact = [one for one in found if one.name.replace(":", "-") == wanted]
    if len(exact or found) == 1:
        return (exact or found)[0]
    named = [one.name for one in (found or runs)]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    there = ", ".join(named[:_MOST_NAMED]) + more or "none"
    begin = "begin so" if found else "there are"
    raise ConfigError(
        f"RUN: expected one of the runs of this workspace, received '{name}'; {begin}: {there}."
    )


def _run(store: ml_metadata.MetadataStore, context: metadata_store_pb2.Context) -> Run:
    parents = store.get_parent_contexts_by_context(context.id)
    config_name = next((one.name for one in parents if one.type == "pipeline"), "")
    executions = sorted(store.get_executions_by_context(context.id), key=lambda one: one.id)
    outputs = _outputs(store, [one.id for one in executions])
    return Run(
        context,
        config_name,
        tuple(_step(store, one, config_name, outputs.get(one.id, {})) for one in executions),
    )


def _step(
    store: ml_metadata.MetadataStore,
    execution: metadata_store_pb2.Execution,
    config_name: str,
    outputs: dict[str, metadata_store_pb2.Artifact],
) -> Step:
    contexts = store.get_contexts_by_execution(execution.id)
    node = next((one.name for one in contexts if one.type == "node"), execution.type)
    maker: metadata_store_pb2.Execution | None = execution
    if execution.last_known_state == _EXECUTION.CACHED:
        caches = [one.id for one in contexts if one.type == "execution_cache"]
        maker = next(_makers(store, caches), None)
    properties = execution.custom_properties
    return Step(
        node=node.removeprefix(f"{config_name}."),
        state=execution.last_known_state,
        began=execution.create_time_since_epoch,
        ended=execution.last_update_time_since_epoch,
        seconds=(maker.last_update_time_since_epoch - maker.create_time_since_epoch) / 1000
        if maker
        else None,
        properties={
            name: properties[name].string_value
            for name in properties
            if properties[name].WhichOneof("value") == "string_value"
        },
        outputs=outputs,
    )


def _makers(
    store: ml_metadata.MetadataStore, caches: Sequence[int]
) -> Iterator[metadata_store_pb2.Execution]:
    """The executions that filled a place in the cache of TFX; there is one."""
    for cache in caches:
        for execution in store.get_executions_by_context(cache):
            if execution.last_known_state == _EXECUTION.COMPLETE:
                yield execution


def _outputs(
    store: ml_metadata.MetadataStore, executions: Sequence[int]
) -> dict[int, dict[str, metadata_store_pb2.Artifact]]:
    """Artifacts by the execution that put them out, made or from the cache, and the name of the output."""
    events = [
        event
        for event in (store.get_events_by_execution_ids(executions) if executions else [])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    found = store.get_artifacts_by_id(sorted({event.artifact_id for event in events})) if events else []
    artifacts = {one.id: one for one in found}
    outputs: dict[int, dict[str, metadata_store_pb2.Artifact]] = {}
    for event in events:
        name = next((step.key for step in event.path.steps if step.WhichOneof("value") == "key"), "")
        outputs.setdefault(event.execution_id, {})[name] = artifacts[event.artifact_id]
    return outputs
