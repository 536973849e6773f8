"""Counting what Beam's workers have done while they do it.

Beam reports nothing until a pipeline ends. Workers, be they threads or processes, append one byte an item to
a file; its size is the count.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: Called with the step's name, the number of items done and their total; from one thread at a time.
Progress = Callable[[str, int, int], None]

_SECONDS_BETWEEN_REPORTS = 0.5


def tick(tally: str, count: int = 1) -> None:
    """Adds ``count`` to the tally file at the path ``tally``; safe from several processes at once."""
    descriptor = os.open(tally, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, b"." * count)
    finally:
        os.close(descriptor)


@contextmanager
def reported(progress: Progress | None, step: str, total: int, tally: Path) -> Iterator[None]:
    """Calls ``progress`` about twice a second while the block runs, and once at its end."""
    if progress is None:
        yield
        return
    ended = threading.Event()

    def report() -> None:
        while not ended.wait(_SECONDS_BETWEEN_REPORTS):
            progress(step, tally.stat().st_size if tally.exists() else 0, total)

    progress(step, 0, total)
    reporter = threading.Thread(target=report, name=f"progress of {step}", daemon=True)
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()
    progress(step, total, total)
