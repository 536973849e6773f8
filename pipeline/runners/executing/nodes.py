"""One node: its files made ready, its command run, its outputs taken in."""

import dataclasses
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.errors import RunError
from pipeline.runners.executing.compiled import ExecutorSpec
from pipeline.runners.executing.placeholders import filled, placeholder_values
from pipeline.runners.executing.processes import run_command
from pipeline.runners.executing.storage import Storage
from pipeline.runners.kubeflow.entrypoint.settings import MIRROR_ROOT

_LAST_LINES = 15


@dataclasses.dataclass(frozen=True)
class NodeCall:
    """How a node is run.

    Attributes:
        storage: where artifacts are.
        checks_cache: whether the hook `preCacheCheck` is called before a node, as Vertex does.
        timeout_s: seconds that it may take, and its hook as many.
    """

    storage: Storage
    checks_cache: bool
    timeout_s: float


@dataclasses.dataclass(frozen=True)
class Made:
    """What a node made: artifacts and parameters by name."""

    artifacts: dict[str, pipeline_spec_pb2.RuntimeArtifact]
    parameters: dict[str, struct_pb2.Value]


def run_container(
    task: str,
    executor: ExecutorSpec,
    executor_input: pipeline_spec_pb2.ExecutorInput,
    call: NodeCall,
    log: Path,
    placeholders: Mapping[str, str],
    on_progress: Callable[[str], None],
) -> Made:
    """Runs the container of a task.

    Args:
        task: its name.
        executor: how it is executed.
        executor_input: what it is told.
        call: how it is run.
        log: takes all it says.
        placeholders: of the run.
        on_progress: called with each line of progress.

    Raises:
        RunError: it failed, was late or could not be started; the message ends with the last lines of its log.
    """
    storage, container = call.storage, executor.container
    storage.prepare(task, executor_input)
    mirror = storage.mirror(task)
    environment = {one.name: one.value for one in container.env}
    if mirror:
        environment[MIRROR_ROOT] = str(mirror.root)

    def run(words: Sequence[str]) -> None:
        values = placeholder_values(executor_input, mirror) | placeholders
        try:
            code = run_command(
                filled(words, values),
                environment=environment,
                folder=storage.node_folder(task),
                log=log,
                timeout_s=call.timeout_s,
                on_progress=on_progress,
            )
        except TimeoutError as late:
            raise _failure(task, str(late), log) from late
        except OSError as error:
            raise _failure(task, f"could not be started: {error}", log) from error
        if code:
            raise _failure(task, f"failed with exit code {code}", log)

    hook = container.lifecycle.pre_cache_check
    if call.checks_cache and hook.command:
        run([*hook.command, *hook.args])
        # Vertex notes what the hook found before the node itself starts.
        _merge(executor_input, _read_output(task, storage.output_file(task)))
    run([*container.command, *container.args])

    output = _read_output(task, storage.output_file(task))
    _merge(executor_input, output)
    artifacts = {
        key: listed.artifacts[0]
        for key, listed in executor_input.outputs.artifacts.items()
        if listed.artifacts
    }
    for artifact in artifacts.values():
        storage.collect(task, artifact)
    made = Made(artifacts, _parameters(executor_input, output))
    # What it needed and made is elsewhere now; of a node that failed, it stays.
    shutil.rmtree(storage.node_folder(task))
    return made


def _merge(executor_input: pipeline_spec_pb2.ExecutorInput, output: pipeline_spec_pb2.ExecutorOutput) -> None:
    """Puts what a node says of its artifacts over what was asked of it."""
    for key, listed in output.artifacts.items():
        if key not in executor_input.outputs.artifacts or not listed.artifacts:
            continue
        ours, theirs = executor_input.outputs.artifacts[key].artifacts[0], listed.artifacts[0]
        if theirs.uri:
            ours.uri = theirs.uri
        for name, value in theirs.metadata.fields.items():
            ours.metadata.fields[name].CopyFrom(value)


def _parameters(
    executor_input: pipeline_spec_pb2.ExecutorInput, output: pipeline_spec_pb2.ExecutorOutput
) -> dict[str, struct_pb2.Value]:
    values = dict(output.parameter_values)
    for key, parameter in executor_input.outputs.parameters.items():
        file = Path(parameter.output_file)
        if key not in values and file.exists():
            values[key] = struct_pb2.Value(string_value=file.read_text(encoding="utf-8"))
    return values


def _read_output(task: str, path: Path) -> pipeline_spec_pb2.ExecutorOutput:
    if not path.exists():
        return pipeline_spec_pb2.ExecutorOutput()
    try:
        # As strictly as Kubeflow's launcher: a field it does not know fails the node.
        return json_format.Parse(path.read_text(encoding="utf-8"), pipeline_spec_pb2.ExecutorOutput())
    except json_format.ParseError as error:
        raise RunError(f"{task}: its output file {path} cannot be read: {error}") from error


def _failure(task: str, what: str, log: Path) -> RunError:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    last = "\n".join(f"  {line}" for line in lines[-_LAST_LINES:])
    return RunError(f"{task} {what}. The last lines of its log:\n{last}\nThe whole log: {log}")
