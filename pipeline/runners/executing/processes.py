"""One command of a node, as a process of its own; nothing of it is left when it ends, is late or is stopped."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from components.progress import PROGRESS

REPOSITORY = Path(__file__).parents[3]
_PYTHONS = ("python", "python3")
_LOOK_EVERY_S = 0.1
_GRACE_S = 10.0
# As absl writes a record: `I1126 18:20:00.1 140 progress.py:30] Progress: …`.
_TOLD = re.compile(rf"\] {re.escape(PROGRESS % '')}(.*)")


def run_command(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    timeout_s: float,
    on_progress: Callable[[str], None],
) -> int:
    """Runs a command to its end.

    Args:
        command: its words; `python` is the Python that runs this.
        environment: variables besides our own; the repository is on Python's path.
        folder: where it works.
        log: what it says goes to the end of this file.
        timeout_s: seconds it may take.
        on_progress: called with each line of progress that it logs.

    Returns:
        Its exit code; negative when a signal ended it.

    Raises:
        TimeoutError: it was late, and has been killed.
    """
    words = [sys.executable if command[0] in _PYTHONS else command[0], *command[1:]]
    ours = os.environ | dict(environment)
    ours["PYTHONPATH"] = os.pathsep.join(filter(None, (str(REPOSITORY), ours.get("PYTHONPATH"))))
    with log.open("ab") as writing, log.open("r", encoding="utf-8", errors="replace") as reading:
        reading.seek(0, os.SEEK_END)
        process = subprocess.Popen(  # noqa: S603 - the spec's own command, no shell
            words,
            stdout=writing,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=ours,
            # A group of its own: what the node starts ends with it, and Ctrl-C reaches it only through us.
            start_new_session=True,
        )
        try:
            end = time.monotonic() + timeout_s
            while process.poll() is None:
                if time.monotonic() > end:
                    raise TimeoutError(f"took longer than {timeout_s:g} s and was killed")
                _pass_on(reading, on_progress)
                time.sleep(_LOOK_EVERY_S)
            _pass_on(reading, on_progress)
        finally:
            _end(process)
    return process.returncode


def _pass_on(log, on_progress: Callable[[str], None]) -> None:
    while True:
        start, line = log.tell(), log.readline()
        if not line.endswith("\n"):
            # Half a line; the rest is still to come.
            log.seek(start)
            return
        if told := _TOLD.search(line):
            on_progress(told[1])


def _end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    # A container takes all its processes with it.
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
