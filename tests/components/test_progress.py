"""What is told in passing is heard by those who watch, and stands in no log."""

import contextlib

import absl.logging
import pytest

from components.progress import tell, watching


@pytest.fixture
def logged(caplog):
    """``logged()``: the lines that the log has got."""
    verbosity = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.DEBUG)
    yield lambda: [record.getMessage() for record in caplog.records]
    absl.logging.set_verbosity(verbosity)


def test_a_line_is_logged_unless_it_is_passing(logged):
    heard = []
    tell("nobody watches", passing=True)
    with watching(heard.append):
        tell("epoch 1: 100 %")
        tell("step 12", passing=True)
    tell("nobody watches any more", passing=True)
    assert logged() == ["Progress: epoch 1: 100 %"]
    assert heard == ["step 12"]


def test_several_may_watch(logged):
    one, other = [], []
    with watching(one.append):
        with contextlib.suppress(KeyboardInterrupt), watching(other.append):
            tell("step 1", passing=True)
            raise KeyboardInterrupt
        tell("step 2", passing=True)
    assert (one, other) == (["step 1", "step 2"], ["step 1"])
