"""Starts an engine and returns when it takes jobs; ends it again."""

import contextlib
import functools
import json
import shutil
import tempfile
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.beam.local import flink_cluster, job_servers
from pipeline.beam.local.jars import jars
from pipeline.beam.local.java import java
from pipeline.beam.local.pools import POOL_HOST, pool_address, pool_command, pool_environment
from pipeline.beam.local.processes import Started, answers, free_ports, start, stop, wait_until
from pipeline.beam.local.state import (
    ENGINES,
    RunningEngine,
    forget,
    remember,
    running_engines,
    state_folder,
)
from pipeline.errors import ConfigError

_SECONDS_TO_START = 120
# A pool imports TFX first, and the machine may be busy.
_SECONDS_FOR_A_POOL = 300


def start_engine(
    engine: str,
    workers: int,
    slots: int = 1,
    pool: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> RunningEngine:
    """Starts an engine in the background.

    Args:
        engine: a name of `ENGINES`.
        workers: TaskManagers of a cluster; otherwise, tasks at a time.
        slots: tasks that each TaskManager of a cluster does at a time.
        pool: whether a Flink or Spark inside its job server gets a worker pool; a cluster always does.
        tell: told what is being done.

    Raises:
        ConfigError: one is there already, or Java or Maven is missing.
        RunError: the jars cannot be had, or something did not start; what had been started is ended again.
    """
    _check_free(engine)
    java()
    tell("gathering the jars, if they are not there yet")
    gathered = jars(engine.removesuffix("-cluster"))
    state_folder().mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{engine}-", dir=state_folder()))
    start_here = _Starting(folder, tell)
    try:
        if engine == "flink-cluster":
            running = _flink_cluster(start_here, gathered, workers, slots)
        else:
            running = _in_a_job_server(start_here, engine, gathered, workers, pool)
        remember(running)
    except BaseException:
        stop(start_here.started)
        raise
    return running


def stop_engine(running: RunningEngine) -> None:
    """Ends all processes of an engine and removes what they wrote."""
    stop(running.processes)
    forget(running.engine)
    shutil.rmtree(running.folder, ignore_errors=True)


class _Starting:
    """What one start has started, in its order."""

    def __init__(self, folder: Path, tell: Callable[[str], None]):
        self.folder = folder
        self.started: list[Started] = []
        self._tell = tell

    def start(self, name: str, command: list[str], environment: Mapping[str, str] | None = None) -> Started:
        self._tell(f"starting the {name}")
        process = start(name, command, self.folder, environment or {})
        self.started.append(process)
        return process

    def start_pools(self, addresses: list[str], port: int) -> None:
        """Starts a pool at each address; they import at the same time."""
        pools = []
        for number, address in enumerate(addresses):
            name = f"worker pool {number + 1}" if len(addresses) > 1 else "worker pool"
            pools.append((address, self.start(name, pool_command(address, port), pool_environment())))
        for address, process in pools:
            wait_until(functools.partial(answers, address, port), process, _SECONDS_FOR_A_POOL)


def _in_a_job_server(
    starting: _Starting, engine: str, gathered: Path, workers: int, pool: bool
) -> RunningEngine:
    jobs, artifacts, expansion, pool_port = free_ports(4)
    ports = [jobs, artifacts, expansion]
    if engine == "flink":
        command = job_servers.flink_job_server(gathered, starting.folder, ports, master=None)
    else:
        command = job_servers.spark_job_server(gathered, starting.folder, ports, workers)
    server = starting.start("job server", command)
    if pool:
        starting.start_pools(["localhost"], pool_port)
    wait_until(lambda: answers("localhost", jobs), server, _SECONDS_TO_START)
    return RunningEngine(
        engine=engine,
        job_endpoint=f"localhost:{jobs}",
        artifact_endpoint=f"localhost:{artifacts}",
        worker_pool=f"localhost:{pool_port}" if pool else None,
        parallelism=workers,
        slots=workers,
        web=None,
        folder=starting.folder,
        processes=tuple(starting.started),
    )


def _flink_cluster(starting: _Starting, gathered: Path, workers: int, slots: int) -> RunningEngine:
    rpc, rest, jobs, artifacts, expansion, pool_port = free_ports(6)
    configuration = flink_cluster.write_configuration(starting.folder, rpc, rest)
    manager = starting.start("JobManager", flink_cluster.job_manager(gathered, configuration))
    for number in range(workers):
        starting.start(
            f"TaskManager {number + 1}", flink_cluster.task_manager(gathered, configuration, number, slots)
        )
    command = job_servers.flink_job_server(
        gathered, starting.folder, [jobs, artifacts, expansion], master=f"localhost:{rest}"
    )
    server = starting.start("job server", command)
    starting.start_pools([pool_address(number) for number in range(workers)], pool_port)
    wait_until(lambda: _slots(rest) >= workers * slots, manager, _SECONDS_TO_START)
    wait_until(lambda: answers("localhost", jobs), server, _SECONDS_TO_START)
    return RunningEngine(
        engine="flink-cluster",
        job_endpoint=f"localhost:{jobs}",
        artifact_endpoint=f"localhost:{artifacts}",
        worker_pool=f"{POOL_HOST}:{pool_port}",
        parallelism=workers * slots,
        slots=slots,
        web=f"http://localhost:{rest}",
        folder=starting.folder,
        processes=tuple(starting.started),
    )


def _slots(rest: int) -> int:
    with (
        contextlib.suppress(OSError, ValueError, KeyError),
        urllib.request.urlopen(f"http://localhost:{rest}/overview", timeout=5) as answer,
    ):
        return int(json.load(answer)["slots-total"])
    return 0


def _check_free(engine: str) -> None:
    for running in running_engines():
        # A profile must know which one is meant.
        if running.profile == engine.removesuffix("-cluster"):
            raise ConfigError(
                f"Expected no {running.profile} to run yet, found {ENGINES[running.engine]}, in {running.folder}. "
                f"Stop it first: `deepfake-inspector beam stop {running.engine}`."
            )
