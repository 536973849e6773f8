"""What runs here: a file an engine, in `$XDG_STATE_HOME/deepfake-inspector/beam`."""

import dataclasses
import json
import os
from pathlib import Path

from components.atomic_file import write_text
from pipeline.beam.local.processes import Started, is_alive

ENGINES: dict[str, str] = {
    "flink": "a Flink inside Beam's job server: one process, workers in your own",
    "flink-cluster": "a JobManager, and TaskManagers with a worker pool each: as in a cluster",
    "spark": "a Spark inside Beam's job server",
}
"""What can be started, and what it is."""


@dataclasses.dataclass(frozen=True)
class RunningEngine:
    """An engine that was started here.

    Attributes:
        engine: a name of `ENGINES`.
        job_endpoint: of Beam's job server, HOST:PORT.
        artifact_endpoint: of the same.
        worker_pool: where its workers find their pool, HOST:PORT; None when work is done by who hands it in.
        parallelism: workers in all.
        slots: tasks that one worker of the engine does at a time.
        web: address of the engine's own page; None where it has none.
        folder: holds logs.
        processes: all that was started, in the order of starting.
    """

    engine: str
    job_endpoint: str
    artifact_endpoint: str
    worker_pool: str | None
    parallelism: int
    slots: int
    web: str | None
    folder: Path
    processes: tuple[Started, ...]

    @property
    def profile(self) -> str:
        """The Beam profile that uses it."""
        return self.engine.removesuffix("-cluster")

    @property
    def dead(self) -> list[str]:
        """Names of the processes that have ended by themselves."""
        return [process.name for process in self.processes if not is_alive(process)]

    def as_dict(self) -> dict:
        """As JSON holds it."""
        return dataclasses.asdict(self) | {"folder": str(self.folder)}


def state_folder() -> Path:
    """Where this is remembered."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "deepfake-inspector" / "beam"


def running_engines() -> list[RunningEngine]:
    """All that was started and not stopped, by name; some of their processes may have died."""
    return [_read(path) for path in sorted(state_folder().glob("*.json"))]


def running_engine(profile: str) -> RunningEngine | None:
    """The engine that a profile uses, if it runs: all of it, or enough of it to take jobs."""
    for engine in running_engines():
        if engine.profile == profile and "job server" not in engine.dead:
            return engine
    return None


def remember(engine: RunningEngine) -> None:
    """Writes an engine's file."""
    write_text(_file(engine.engine), json.dumps(engine.as_dict(), indent=1))


def forget(engine: str) -> None:
    """Removes an engine's file."""
    _file(engine).unlink(missing_ok=True)


def _file(engine: str) -> Path:
    return state_folder() / f"{engine}.json"


def _read(path: Path) -> RunningEngine:
    content = json.loads(path.read_text(encoding="utf-8"))
    processes = tuple(Started(**process) for process in content["processes"])
    return RunningEngine(**(content | {"folder": Path(content["folder"]), "processes": processes}))
