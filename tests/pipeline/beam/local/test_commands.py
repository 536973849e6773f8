"""`beam start|stop|status|profiles`, as a person types them; no engine is started."""

import json
import sys

import pytest
from click.testing import CliRunner

from pipeline.beam.local.processes import is_alive, start
from pipeline.beam.local.state import RunningEngine, remember, running_engines
from pipeline.beam.profiles import PROFILES
from pipeline.commands.beam import beam
from pipeline.errors import ConfigError


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
def engine(tmp_path):
    """A stand-in for a running Flink: a process that sleeps."""
    folder = tmp_path / "deepfake-inspector/beam/flink-1"
    folder.mkdir(parents=True)
    server = start("job server", [sys.executable, "-c", "import time; time.sleep(99)"], folder, {})
    running = RunningEngine(
        engine="flink",
        job_endpoint="localhost:1",
        artifact_endpoint="localhost:2",
        worker_pool=None,
        parallelism=2,
        slots=2,
        web=None,
        folder=folder,
        processes=(server,),
    )
    remember(running)
    return running


def _say(*arguments):
    return CliRunner().invoke(beam, arguments, catch_exceptions=False, standalone_mode=False)


def test_nothing_runs():
    assert _say("status").output == "Nothing runs here.\n"
    assert _say("stop").output == "Nothing to stop.\n"
    assert json.loads(_say("status", "--json").output) == []


def test_what_runs_is_told_and_stopped(engine):
    told = _say("status")
    assert (told.return_value, "flink          runs; jobs at localhost:1" in told.output) == (0, True)
    assert _say("stop", "spark").output == "Nothing to stop.\n"
    assert _say("stop", "flink").output == "stopped flink\n"
    assert not is_alive(engine.processes[0])
    assert not engine.folder.exists()
    assert running_engines() == []


def test_a_process_that_died_is_told(engine):
    from pipeline.beam.local.processes import stop

    stop(engine.processes)
    told = _say("status")
    assert (told.return_value, "DEAD: job server" in told.output) == (1, True)
    assert json.loads(_say("status", "--json").output)[0]["dead"] == ["job server"]
    _say("stop")


@pytest.mark.parametrize("name", ["flink", "flink-cluster"])
def test_a_second_flink_is_refused(engine, name):
    with pytest.raises(ConfigError, match="Stop it first: `deepfake-inspector beam stop flink`"):
        _say("start", name)
    _say("stop")


def test_without_java_it_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="Expected Java 11 to 17 on PATH, and found none"):
        _say("start", "flink")


def test_a_java_that_is_too_new_is_told(monkeypatch, tmp_path):
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"21.0.2\" 2024-01-16' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ConfigError, match="Expected Java 11 to 17, received 21 at"):
        _say("start", "spark")


def test_the_profiles_are_explained():
    said = _say("profiles").output
    assert [line.split()[0] for line in said.splitlines() if not line.startswith(" ")] == list(PROFILES)
    assert json.loads(_say("profiles", "--json").output) == PROFILES
