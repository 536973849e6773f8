"""What the nodes of a local run are doing, read from the words LocalDagRunner logs, and told by the nodes."""

import contextlib
import dataclasses
import enum
import logging
from collections.abc import Callable, Iterator

import absl.logging

from components.progress import PROGRESS, watching


class NodeState(enum.Enum):
    """The states a node goes through: waiting, running, then cached or done (or failed, when the run raised)."""

    WAITING = "waiting"
    RUNNING = "running"
    CACHED = "cached"
    DONE = "done"


@dataclasses.dataclass(frozen=True)
class NodeEvent:
    """One node came into one state, or a running one told how far it is.

    Attributes:
        node: its id.
        state: the state it is in now.
        progress: in words, of a running node; empty otherwise.
        passing: whether the next words will soon take the place of these.
    """

    node: str
    state: NodeState
    progress: str = ""
    passing: bool = False


# LocalDagRunner has no hook; these formats are the same in TFX 1.16 and 1.21, and a test fails if they change.
_STARTED = "Component %s is running."
_FINISHED = "Component %s is finished."
_FROM_CACHE = "A cached execution %d is used."


class _LogReader(logging.Handler):
    def __init__(self, on_event: Callable[[NodeEvent], None]):
        super().__init__(logging.INFO)
        self._on_event = on_event
        self._node = ""
        self._cached = False

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == _STARTED:
            self._node, self._cached = record.args[0], False
            self._on_event(NodeEvent(self._node, NodeState.RUNNING))
        elif record.msg == _FROM_CACHE:
            self._cached = True
        elif record.msg == PROGRESS:
            self._on_event(NodeEvent(self._node, NodeState.RUNNING, record.args[0]))
        elif record.msg == _FINISHED:
            state = NodeState.CACHED if self._cached else NodeState.DONE
            self._on_event(NodeEvent(self._node, state))

    def watch(self, text: str) -> None:
        self._on_event(NodeEvent(self._node, NodeState.RUNNING, text, passing=True))


@contextlib.contextmanager
def observe_nodes(on_event: Callable[[NodeEvent], None]) -> Iterator[None]:
    """Calls `on_event` for each change while a LocalDagRunner runs in this process."""
    logger, reader = absl.logging.get_absl_logger(), _LogReader(on_event)
    verbosity = absl.logging.get_verbosity()
    logger.addHandler(reader)
    # By absl's own switch: libraries save and restore it around their work, and would undo a level of the logger.
    absl.logging.set_verbosity(absl.logging.INFO)
    try:
        with watching(reader.watch):
            yield
    finally:
        logger.removeHandler(reader)
        absl.logging.set_verbosity(verbosity)
