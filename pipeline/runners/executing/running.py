"""The whole run: every task in its order, on what those before it made."""

import dataclasses
import enum
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from google.protobuf import struct_pb2

from pipeline.errors import ConfigError
from pipeline.node_events import NodeEvent, NodeState
from pipeline.runners.executing.compiled import DEADLINE, CompiledSpec
from pipeline.runners.executing.executor_inputs import executor_input
from pipeline.runners.executing.importers import run_importer
from pipeline.runners.executing.nodes import Made, NodeCall, run_container
from pipeline.runners.executing.ordering import ordered_tasks
from pipeline.runners.executing.parameters import parameter_values
from pipeline.runners.executing.placeholders import run_placeholders
from pipeline.runners.executing.state import Execution
from pipeline.runners.executing.storage import Storage, bucket, plain_files

_TIMEOUT_S = 3600.0


class Mode(enum.Enum):
    """Which cluster is played: OSS, open-source Kubeflow Pipelines, or VERTEX."""

    OSS = "oss"
    VERTEX = "vertex"


@dataclasses.dataclass(frozen=True)
class ExecuteOptions:
    """How to execute.

    Attributes:
        mode: the cluster that is played.
        parameters: values for parameters of the pipeline, as text.
        object_storage: whether artifacts of OSS go by `minio://` and the launcher's mirror; otherwise they are plain
            files.
        node_timeout_s: seconds that a node may take; None for what Kubernetes is asked for, or else an hour.
    """

    mode: Mode = Mode.OSS
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    object_storage: bool = True
    node_timeout_s: float | None = None


def execute(
    compiled: CompiledSpec, root: Path, options: ExecuteOptions, on_event: Callable[[NodeEvent], None]
) -> Execution:
    """Runs all tasks, one after another.

    Args:
        compiled: the spec.
        root: a folder; takes artifacts, logs and the state of the run, and keeps those of earlier runs.
        options: how.
        on_event: called for every task at the start, and when one starts, tells how far it is, or ends.

    Raises:
        ConfigError: the spec cannot be executed, or a parameter has no proper value.
        RunError: a node failed; those after it were not run.
    """
    tasks = ordered_tasks(compiled)
    parameters = parameter_values(compiled, options.parameters)
    folder = _new_run(root)
    storage = _storage(compiled, folder, options)
    execution = Execution(folder, options.mode.value)
    execution.nodes = {task: {"state": NodeState.WAITING.value} for task in tasks}
    for task in tasks:
        on_event(NodeEvent(task, NodeState.WAITING))
    run = _Run(compiled, parameters, storage, options, on_event, execution)
    try:
        for task in tasks:
            run.task(task)
    except BaseException as error:
        # What is no Exception was asked for: Ctrl-C or SIGTERM.
        execution.state = "failed" if isinstance(error, Exception) else "stopped"
        execution.nodes[task]["state"] = execution.state
        raise
    else:
        execution.state = "done"
    finally:
        execution.write()
    return execution


@dataclasses.dataclass
class _Run:
    compiled: CompiledSpec
    parameters: Mapping[str, struct_pb2.Value]
    storage: Storage
    options: ExecuteOptions
    on_event: Callable[[NodeEvent], None]
    execution: Execution
    made: dict[str, Made] = dataclasses.field(default_factory=dict)

    def task(self, task: str) -> None:
        """Runs one task and notes what came of it."""
        log, started = self.execution.log(task), time.monotonic()
        self.on_event(NodeEvent(task, NodeState.RUNNING))
        self.execution.nodes[task] = {"state": NodeState.RUNNING.value, "log": str(log)}
        self.execution.write()
        made = self.made[task] = self._made(task, log)
        self.execution.nodes[task] |= {
            "state": NodeState.DONE.value,
            "seconds": round(time.monotonic() - started, 3),
            "artifacts": {key: self.storage.file(one.uri) for key, one in made.artifacts.items()},
        }
        self.on_event(NodeEvent(task, NodeState.DONE))

    def _made(self, task: str, log: Path) -> Made:
        placeholders = run_placeholders(
            self.compiled.name, self.execution.folder.name, task, self.storage.pipeline_root
        )
        told = executor_input(
            self.compiled,
            task,
            self.parameters,
            {name: one.artifacts for name, one in self.made.items()},
            {name: one.parameters for name, one in self.made.items()},
            self.storage,
            placeholders,
        )
        executor = self.compiled.executor(task)
        if executor.WhichOneof("spec") == "importer":
            return run_importer(task, executor, told, self.storage)
        return run_container(
            task,
            executor,
            told,
            NodeCall(self.storage, self.options.mode is Mode.VERTEX, self._timeout_s(task)),
            log,
            placeholders,
            lambda text: self.on_event(NodeEvent(task, NodeState.RUNNING, text)),
        )

    def _timeout_s(self, task: str) -> float:
        return self.options.node_timeout_s or self.compiled.kubernetes(task).get(DEADLINE) or _TIMEOUT_S


def _new_run(root: Path) -> Path:
    # The time, so that they sort; a number for those of the same second.
    name, number = time.strftime("%Y-%m-%dT%H-%M-%S"), 0
    while True:
        folder = root.resolve() / "runs" / (f"{name}-{number}" if number else name)
        try:
            folder.mkdir(parents=True)
            (folder / "logs").mkdir()
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise ConfigError(
                f"--root: expected a folder that can be made and written to, received '{root}': {error.strerror}."
            ) from error
        return folder


def _storage(compiled: CompiledSpec, folder: Path, options: ExecuteOptions) -> Storage:
    root = folder.parents[1]
    if options.mode is Mode.OSS and options.object_storage:
        return bucket(root, folder, compiled.name)
    return plain_files(root, folder, compiled.name, typed=options.mode is Mode.VERTEX)
