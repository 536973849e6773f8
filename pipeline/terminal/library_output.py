"""Keeps what the libraries say away from the person: it goes to a log file."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def library_output_to(log: Path) -> Iterator[TextIO]:
    """Sends all that this process writes to standard output and standard error to the end of a file.

    By file descriptor, as TensorFlow's C++ side does not write through Python.

    Args:
        log: the file; made if needed.

    Yields:
        Where a person can still be spoken to: the standard error of before.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    _flush()
    saved = {number: os.dup(number) for number in (1, 2)}
    with log.open("ab", buffering=0) as file, open(os.dup(2), "w", buffering=1) as person:
        try:
            for number in saved:
                os.dup2(file.fileno(), number)
            yield person
        finally:
            _flush()
            for number, before in saved.items():
                os.dup2(before, number)
                os.close(before)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
