"""A killed worker and a killed TaskManager: recovery, or one clear error within the deadline; never a hang."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from slow_work import SlowWork

from pipeline.beam import beam_args
from pipeline.beam.settings import BeamSettings
from pipeline.errors import BeamJobError

pytestmark = pytest.mark.flink
_ITEMS = 8


@pytest.fixture(scope="module")
def cluster(start):
    return start("flink-cluster", 2)


def _run(folder: Path, deadline_s: int) -> list[str]:
    arguments = beam_args(BeamSettings(profile="flink", deadline_s=deadline_s))
    with beam.Pipeline(options=PipelineOptions(arguments)) as pipeline:
        _ = (
            pipeline
            | beam.Create(range(_ITEMS))
            | beam.Reshuffle()
            | beam.ParDo(SlowWork(str(folder))).with_output_types(str)
            | beam.io.WriteToText(str(folder / "done"))
        )
    return sorted(line for path in folder.glob("done-*") for line in path.read_text().split())


@contextlib.contextmanager
def _once_work_goes_on(folder: Path, kill):
    """Calls `kill` with the number of a working process; gives the list of those."""
    found = []

    def watch():
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if workers := sorted(folder.glob("worker-*")):
                found.append(int(workers[0].name.removeprefix("worker-")))
                kill(found[0])
                return
            time.sleep(0.1)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield found
    watcher.join(60)


def test_a_killed_worker_is_replaced(cluster, tmp_path):
    with _once_work_goes_on(tmp_path, lambda pid: os.kill(pid, signal.SIGKILL)) as killed:
        assert _run(tmp_path, deadline_s=120) == sorted(map(str, range(_ITEMS)))
    assert killed


def test_a_killed_task_manager_ends_in_one_error(cluster, tmp_path):
    # Nobody replaces it here, as Kubernetes would: what it did has no place any more.
    [manager] = [process for process in cluster.processes if process.name == "TaskManager 2"]
    started = time.monotonic()
    with (
        pytest.raises(BeamJobError, match=r"\AThe Beam job at localhost:\d+ (failed|was cancelled).*\Z"),
        _once_work_goes_on(tmp_path, lambda pid: os.kill(manager.pid, signal.SIGKILL)),
    ):
        _run(tmp_path, deadline_s=120)
    assert time.monotonic() - started < 150
    assert cluster.dead == ["TaskManager 2"]
