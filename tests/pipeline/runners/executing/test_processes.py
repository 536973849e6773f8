"""Commands as processes: their end, and that nothing is left of them."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.runners.executing.processes import REPOSITORY, run_command

# Starts a child that would outlive it, tells its id, and waits.
_WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("child", "w").write(str(child.pid))
{}
"""


@pytest.fixture
def run(tmp_path) -> Callable[..., int]:
    """``run(code, timeout_s=60, …)``: runs Python code in a folder of its own."""

    def start(code: str, timeout_s: float = 60, environment=None, on_progress=lambda text: None) -> int:
        return run_command(
            ["python", "-c", code],
            environment=environment or {},
            folder=tmp_path,
            log=tmp_path / "log",
            timeout_s=timeout_s,
            on_progress=on_progress,
        )

    return start


def _is_alive(pid: int) -> bool:
    try:
        # One that has ended but was not waited for still has its folder.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _ends(pid: int) -> bool:
    for _ in range(100):
        if not _is_alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_python_is_this_one_with_the_repository_on_its_path(run, tmp_path):
    code = "import os, sys; print(sys.executable, sys.path[1], os.getcwd(), os.environ['SAID'])"
    assert run(code, environment={"SAID": "so"}) == 0
    assert (tmp_path / "log").read_text().split() == [sys.executable, str(REPOSITORY), str(tmp_path), "so"]
    assert (REPOSITORY / "pyproject.toml").exists()


def test_the_exit_code_comes_back_and_both_outputs_are_logged(run, tmp_path):
    assert run("import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(7)") == 7
    assert (tmp_path / "log").read_text() == "out\nerr\n"
    assert run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)") == -signal.SIGKILL


def test_progress_is_passed_on_while_it_runs(run):
    heard = []
    code = (
        "import time, absl.logging as log; from components.progress import tell\n"
        "log.use_absl_handler(); log.set_verbosity(log.INFO)\n"
        "tell('half'); log.info('else'); time.sleep(0.5); tell('all')"
    )
    run(code, on_progress=lambda text: heard.append((text, time.monotonic())))
    assert [text for text, _ in heard] == ["half", "all"]
    assert heard[1][1] - heard[0][1] > 0.2


def test_a_late_command_is_killed_with_all_it_started(run, tmp_path):
    with pytest.raises(TimeoutError, match="took longer than 2 s and was killed"):
        run(_WITH_CHILD.format("time.sleep(600)"), timeout_s=2)
    assert _ends(int((tmp_path / "child").read_text()))


def test_what_a_command_leaves_behind_ends_with_it(run, tmp_path):
    assert run(_WITH_CHILD.format("")) == 0
    assert _ends(int((tmp_path / "child").read_text()))


def test_ctrl_c_kills_all_of_it(run, tmp_path):
    def interrupt():
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run(_WITH_CHILD.format("time.sleep(600)"))
    assert _ends(int((tmp_path / "child").read_text()))
