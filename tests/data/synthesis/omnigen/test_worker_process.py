"""The talk with OmniGen's process, which here is a made-up one that goes wrong on demand."""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from data.errors import BadInputError, MakerError
from data.synthesis.omnigen.worker_process import SCRIPT, WorkerProcess

FAKE = Path(__file__).parents[3] / "support/fake_omnigen.py"
PIXELS = np.zeros((32, 16, 3), np.uint8)
OPTIONS = {"prompt": "p", "seed": 1, "steps": 1, "guidance": 2.5, "image_guidance": 1.6}


@pytest.fixture
def worker(orders):
    """``worker(silence_s)``: a process that has started; it is gone in the end."""
    made = []

    def start(silence_s=10.0):
        made.append(WorkerProcess(Path(sys.executable), silence_s, FAKE))
        return made[-1]

    yield start
    for one in made:
        one.close()
        assert not _runs(one.pid)


def _runs(pid):
    return os.path.exists(f"/proc/{pid}")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("dies", "an image of 16 by 32: ended with exit code 3.*\n    first\n    last words"),
        ("is killed", "was killed by SIGKILL, as happens when memory runs out"),
        ("babbles", "expected a line of JSON from it, received"),
        ("never ends a line", "expected a line of JSON from it, received"),
        ("wrong size", r"expected an image of \[32, 16\], received one of \[32, 32\]"),
        ("half", "ended with exit code 0"),
        ("other answer", "expected size from it, received"),
        ("memory", "no memory here. Try offload 'sequential', or smaller images.*\n    Traceback: memory"),
        ("edit", "no edit here"),
    ],
)
def test_what_goes_wrong_is_told(worker, monkeypatch, wrong, message):
    monkeypatch.setenv("FAKE_OMNIGEN", wrong)
    one = worker()
    one.start(model="m")

    with pytest.raises(MakerError, match=f"OmniGen's process, editing.*{message}"):
        one.edit(PIXELS, **OPTIONS)


def _start_and_edit(one):
    one.start(model="m")
    one.edit(PIXELS, **OPTIONS)


@pytest.mark.parametrize("wrong", ["device", "weights"])
def test_what_the_user_can_mend_is_a_mistake_of_theirs(worker, monkeypatch, wrong):
    monkeypatch.setenv("FAKE_OMNIGEN", wrong)
    one = worker()

    with pytest.raises(
        BadInputError, match=f"Expected {wrong} that OmniGen can use, received: no {wrong} here"
    ):
        _start_and_edit(one)


def test_a_process_that_hangs_is_ended(worker, monkeypatch):
    monkeypatch.setenv("FAKE_OMNIGEN", "hangs")
    one = worker(silence_s=2.0)
    one.start(model="m")

    with pytest.raises(MakerError, match="gave no sign of life for 2 s and was ended"):
        one.edit(PIXELS, **OPTIONS)
    assert not _runs(one.pid)


def test_signs_of_life_keep_a_slow_one_alive(worker):
    one = worker(silence_s=2.0)
    one.start(model="m")

    edited = one.edit(PIXELS, **OPTIONS | {"steps": 50})

    assert (edited == 255).all()


def test_an_image_larger_than_the_sockets_buffer_passes(worker):
    one = worker()
    one.start(model="m")
    pixels = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)

    np.testing.assert_array_equal(one.edit(pixels, **OPTIONS), 255 - pixels)


def test_one_that_was_killed_between_two_edits_is_told(worker):
    one = worker()
    one.start(model="m")
    one.edit(PIXELS, **OPTIONS)
    os.kill(one.pid, 9)

    with pytest.raises(MakerError, match="was killed by SIGKILL"):
        one.edit(PIXELS, **OPTIONS)


def test_a_python_that_does_not_start_is_told(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/nowhere/python\n")
    python.chmod(0o755)

    with pytest.raises(BadInputError, match="Expected a Python that starts, received"):
        WorkerProcess(python, 10.0)


def test_the_real_worker_ends_when_nobody_hears_it():
    one = WorkerProcess(Path(sys.executable), 10.0, SCRIPT)
    start = time.monotonic()
    one.close()

    assert not _runs(one.pid)
    assert time.monotonic() - start < 4
