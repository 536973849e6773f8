"""How far a long step has come: whoever runs the step may show it."""

import contextlib
import logging
from collections.abc import Callable, Iterator

PROGRESS = "Progress: %s"
"""Format of the log records of `tell`; their one argument is the text."""

_log = logging.getLogger("absl")
_watchers: list[Callable[[str], None]] = []


def tell(text: str, *, passing: bool = False) -> None:
    """Tells one line of progress, for example `stage all, epoch 2 of 6: val_auc 0.912`.

    Args:
        text: the line.
        passing: it is for those who watch at this moment, and would be a nuisance in a log: only `watching` hears it.
            Otherwise it is logged.
    """
    if not passing:
        _log.info(PROGRESS, text)
        return
    for watcher in tuple(_watchers):
        watcher(text)


@contextlib.contextmanager
def watching(watcher: Callable[[str], None]) -> Iterator[None]:
    """Calls `watcher` with each passing line that is told in this process meanwhile."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
