"""SIGTERM while something trains."""

import os
import signal
import threading

import pytest

from components.errors import TrainingStoppedError
from components.trainer.preemption import stops_on_sigterm


def _terminate_myself():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    except Exception:
        pytest.fail("a library that goes on after any Exception would have swallowed it")


def test_it_stops_at_once_and_says_what_is_kept():
    before = signal.getsignal(signal.SIGTERM)
    with (
        pytest.raises(TrainingStoppedError, match="Kept: 3 epochs") as stopped,
        stops_on_sigterm(lambda: "3 epochs"),
    ):
        _terminate_myself()
    assert "same command goes on from there" in str(stopped.value)
    assert signal.getsignal(signal.SIGTERM) is before


def test_another_thread_is_left_alone():
    caught = []

    def run():
        with stops_on_sigterm(lambda: ""):
            caught.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert caught == [before]
