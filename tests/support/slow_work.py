"""Work that takes its time; Beam's workers import it, as they cannot import a test."""

import os
import time
from pathlib import Path

import apache_beam as beam

SECONDS_EACH = 1.5


class SlowWork(beam.DoFn):
    """Says in a folder which process does it: a file `worker-PID` each."""

    def __init__(self, folder: str):
        super().__init__()
        self.folder = folder

    def process(self, element):
        """Yields the element as text, after a while."""
        Path(self.folder, f"worker-{os.getpid()}").touch()
        time.sleep(SECONDS_EACH)
        yield str(element)


def who_works(_: str) -> str:
    """The number of the process that does it."""
    return str(os.getpid())
