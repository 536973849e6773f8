"""Process groups: started so that they outlive the command, watched, and ended whole."""

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.errors import RunError

_SECONDS_TO_END = 10
_SECONDS_TO_DIE = 5
_LOG_LINES_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Started:
    """A process, the leader of a group of its own.

    Attributes:
        name: what it is, as people read it.
        pid: its number, and its group's.
        born: when it was started, in the kernel's ticks: numbers are given again, but not with this.
        log: takes all it says.
    """

    name: str
    pid: int
    born: int
    log: str


def start(name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Started:
    """Starts a process in a group of its own.

    Args:
        name: see `Started`.
        command: program and arguments.
        folder: takes its log; also where it runs.
        environment: added to this process's.
    """
    log = folder / f"{name.replace(' ', '-')}.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(  # noqa: S603
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    return Started(name, process.pid, _born(process.pid) or 0, str(log))


def is_alive(process: Started) -> bool:
    """Whether it still runs."""
    return _born(process.pid) == process.born


def stop(processes: Sequence[Started]) -> None:
    """Ends processes with all that they have started, the last one first; waits until they are gone."""
    living = [process for process in reversed(processes) if _is_left(process)]
    for process in living:
        _signal(process, signal.SIGTERM)
    _wait_for_end(living, _SECONDS_TO_END)
    for process in living:
        _signal(process, signal.SIGKILL)
    _wait_for_end(living, _SECONDS_TO_DIE)


def _wait_for_end(processes: Sequence[Started], seconds: float) -> None:
    until = time.monotonic() + seconds
    for process in processes:
        while _is_left(process) and time.monotonic() < until:
            _reap(process)
            time.sleep(0.05)


def wait_until(ready: Callable[[], bool], process: Started, seconds: float) -> None:
    """Returns when a process is ready.

    Raises:
        RunError: it has ended, or takes longer; the message shows the end of its log.
    """
    until = time.monotonic() + seconds
    while not ready():
        _reap(process)
        if not is_alive(process):
            raise RunError(f"The {process.name} has ended while it started.{_log_end(process)}")
        if time.monotonic() > until:
            raise RunError(f"The {process.name} is not ready after {seconds:g} s.{_log_end(process)}")
        time.sleep(0.1)


def answers(host: str, port: int) -> bool:
    """Whether something listens there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens at, at any address of this machine."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]


def _born(pid: int) -> int | None:
    """Start of a process in ticks after boot; None when there is none, or only what is left of one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _is_left(process: Started) -> bool:
    """Whether anything of its group still runs; the number may have been given to another process since."""
    if _born(process.pid) not in (None, process.born):
        return False
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _signal(process: Started, number: signal.Signals) -> None:
    # What has ended meanwhile may have left its number to another.
    if not _is_left(process):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _reap(process: Started) -> None:
    """Of a child that has ended, lets the kernel forget; does nothing to those of earlier commands."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)


def _log_end(process: Started) -> str:
    lines = Path(process.log).read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
    return "".join(f"\n  {line[:200]}" for line in lines) + f"\nThe whole log is {process.log}"
