"""The words of LocalDagRunner become events; a TFX that chooses others fails the first tests."""

import ast
import contextlib
import importlib.util
import logging
from pathlib import Path

import absl.logging
import pytest

from components.progress import tell
from pipeline import node_events
from pipeline.node_events import NodeEvent, NodeState, observe_nodes

_TFX = Path(importlib.util.find_spec("tfx").origin).parent
_RUNNER, _LAUNCHER = "orchestration/local/local_dag_runner.py", "orchestration/portable/launcher.py"

# As the runner and the launcher log them.
_STARTED, _FINISHED = "Component %s is running.", "Component %s is finished."
_FROM_CACHE = "A cached execution %d is used."


def _logged(file):
    """Format and number of arguments of every `logging.info` in a source file of TFX."""
    tree = ast.parse((_TFX / file).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.info":
            yield ast.literal_eval(node.args[0]), len(node.args) - 1


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (_RUNNER, node_events._STARTED),
        (_RUNNER, node_events._FINISHED),
        (_LAUNCHER, node_events._FROM_CACHE),
    ],
)
def test_the_installed_tfx_logs_these_words_with_one_argument(file, words):
    assert (words, 1) in list(_logged(file))


@pytest.mark.parametrize("file", [_RUNNER, _LAUNCHER])
def test_the_installed_tfx_logs_to_the_logger_that_is_listened_to(file):
    assert "from absl import logging" in (_TFX / file).read_text().splitlines()


@pytest.fixture
def events():
    """A list that fills while something is observed."""
    return []


def test_a_node_that_runs_and_one_that_comes_from_cache(events):
    with observe_nodes(events.append):
        absl.logging.info(_STARTED, "CsvExampleGen")
        absl.logging.info("MetadataStore with DB connection initialized")
        absl.logging.info(_FINISHED, "CsvExampleGen")
        absl.logging.info(_STARTED, "Trainer")
        absl.logging.info(_FROM_CACHE, 7)
        absl.logging.info(_FINISHED, "Trainer")
        absl.logging.info(_STARTED, "Pusher")
        absl.logging.info(_FINISHED, "Pusher")
    assert events == [
        NodeEvent("CsvExampleGen", NodeState.RUNNING),
        NodeEvent("CsvExampleGen", NodeState.DONE),
        NodeEvent("Trainer", NodeState.RUNNING),
        NodeEvent("Trainer", NodeState.CACHED),
        NodeEvent("Pusher", NodeState.RUNNING),
        NodeEvent("Pusher", NodeState.DONE),
    ]


def test_an_event_comes_when_it_happens(events):
    with observe_nodes(events.append):
        assert events == []
        absl.logging.info(_STARTED, "Trainer")
        assert events == [NodeEvent("Trainer", NodeState.RUNNING)]


def test_progress_is_that_of_the_node_that_runs(events):
    with observe_nodes(events.append):
        absl.logging.info(_STARTED, "Transform")
        absl.logging.info(_FINISHED, "Transform")
        absl.logging.info(_STARTED, "Trainer")
        tell("stage all, epoch 2 of 6: 100 % of %s")
        absl.logging.info(_FINISHED, "Trainer")
    assert events[2:] == [
        NodeEvent("Trainer", NodeState.RUNNING),
        NodeEvent("Trainer", NodeState.RUNNING, "stage all, epoch 2 of 6: 100 % of %s"),
        NodeEvent("Trainer", NodeState.DONE),
    ]


def test_passing_words_reach_whoever_observes_only(events):
    with observe_nodes(events.append):
        absl.logging.info(_STARTED, "Trainer")
        tell("stage all, epoch 2 of 6: 12 of 24 steps", passing=True)
    tell("stage all, epoch 2 of 6: 13 of 24 steps", passing=True)
    assert events[1:] == [
        NodeEvent("Trainer", NodeState.RUNNING, "stage all, epoch 2 of 6: 12 of 24 steps", passing=True)
    ]


def test_words_alike_are_no_events(events):
    with observe_nodes(events.append):
        absl.logging.info("Component Trainer is running.")
        absl.logging.info("Component %s is running late.", "Trainer")
        absl.logging.info(123)
        absl.logging.info(ValueError("Component %s is running."))
        logging.getLogger("another").info(_STARTED, "Trainer")
    assert events == []


@pytest.mark.parametrize("before", [absl.logging.ERROR, absl.logging.WARNING, absl.logging.DEBUG])
@pytest.mark.parametrize("error", [None, RuntimeError("a node failed"), KeyboardInterrupt()])
def test_afterwards_all_is_as_before(events, before, error):
    kept = absl.logging.get_verbosity()
    absl.logging.set_verbosity(before)
    try:
        logger = absl.logging.get_absl_logger()
        handlers = list(logger.handlers)
        with contextlib.suppress(RuntimeError, KeyboardInterrupt), observe_nodes(events.append):
            assert len(logger.handlers) == len(handlers) + 1
            if error:
                raise error
        assert logger.handlers == handlers
        assert absl.logging.get_verbosity() == before
        absl.logging.error(_STARTED, "Trainer")
        assert events == []
    finally:
        absl.logging.set_verbosity(kept)


def test_a_quiet_log_is_read_all_the_same(events):
    kept = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.FATAL)
    try:
        with observe_nodes(events.append):
            absl.logging.info(_STARTED, "Trainer")
    finally:
        absl.logging.set_verbosity(kept)
    assert events == [NodeEvent("Trainer", NodeState.RUNNING)]
