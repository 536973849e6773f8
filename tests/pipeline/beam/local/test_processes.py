"""Process groups: none is left behind, and no other's is ended."""

import dataclasses
import os
import subprocess
import sys
import time

import pytest

from pipeline.beam.local.processes import answers, free_ports, is_alive, start, stop, wait_until
from pipeline.errors import RunError

_PARENT = """
import subprocess, sys, time
deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(99)"
child = subprocess.Popen([sys.executable, "-c", deaf])
print(child.pid, flush=True)
time.sleep(99)
"""


def _python(tmp_path, code, name="some server"):
    return start(name, [sys.executable, "-c", code], tmp_path, {"SAID": "hello"})


def _exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def _log(process):
    with open(process.log) as file:
        return file.read()


def test_children_that_do_not_listen_go_too(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.beam.local.processes._SECONDS_TO_END", 1)
    process = _python(tmp_path, _PARENT)
    wait_until(lambda: _log(process), process, 20)
    child = int(_log(process))
    assert is_alive(process)
    assert _exists(child)
    stop([process])
    assert not is_alive(process)
    assert not _exists(child)


def test_children_go_when_their_parent_has_died(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.beam.local.processes._SECONDS_TO_END", 1)
    process = _python(tmp_path, _PARENT)
    wait_until(lambda: _log(process), process, 20)
    os.kill(process.pid, 9)
    time.sleep(0.2)
    assert not is_alive(process)
    stop([process])
    assert not _exists(int(_log(process)))


def test_a_process_that_was_given_the_same_number_is_left_alone(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"], start_new_session=True)
    try:
        process = _python(tmp_path, "")
        once = dataclasses.replace(process, pid=other.pid, born=process.born + 10_000)
        assert not is_alive(once)
        stop([once])
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_what_ends_while_it_starts_is_told_with_its_log(tmp_path):
    process = _python(tmp_path, "import os; raise SystemExit(os.environ['SAID'])")
    with pytest.raises(RunError, match=r"The some server has ended while it started\.\n  hello\n"):
        wait_until(lambda: False, process, 20)


def test_what_takes_too_long_is_told(tmp_path):
    process = _python(tmp_path, "import time; time.sleep(99)")
    with pytest.raises(RunError, match=r"is not ready after 0\.3 s"):
        wait_until(lambda: False, process, 0.3)
    stop([process])


def test_ports_are_free_and_differ():
    ports = free_ports(4)
    assert len(set(ports)) == 4
    assert not any(answers("localhost", port) for port in ports)
