"""What the nodes of a local run are doing, read from the words LocalDagRunner logs."""

import contextlib
import dataclasses
import enum
import logging
from collections.abc import Callable, Iterator


class NodeState(enum.Enum):
    """The states a node goes through: running, then cached or done (or failed, when the run raised)."""

    RUNNING = "running"
    CACHED = "cached"
    DONE = "done"


@dataclasses.dataclass(frozen=True)
class NodeEvent:
    """One node came into one state."""

    node: str
    state: NodeState


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
        elif record.msg == _FINISHED:
            state = NodeState.CACHED if self._cached else NodeState.DONE
            self._on_event(NodeEvent(self._node, state))


@contextlib.contextmanager
def observe_nodes(on_event: Callable[[NodeEvent], None]) -> Iterator[None]:
    """Calls `on_event` for each change while a LocalDagRunner runs in this process."""
    logger, reader = logging.getLogger("absl"), _LogReader(on_event)
    level = logger.level
    logger.addHandler(reader)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(reader)
        logger.setLevel(level)
