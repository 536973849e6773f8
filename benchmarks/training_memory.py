"""Does the memory of a training grow with its epochs?

    python benchmarks/training_memory.py WORKSPACE [--epochs 12] [--images 64]

WORKSPACE is that of a finished `deepfake-inspector run`. Trains all layers of its backbone on a few images, reads the
resident memory after each epoch, and prints by how much the mean of the last third lies above that of the second
third; the first third traces, warms up and fills the caches.
"""

import argparse
import logging
import os
import statistics
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import absl.logging
from finished_run import FinishedRun

from components.progress import PROGRESS
from components.settings import StageSettings
from components.trainer.stages import StageRunner


class _MemoryAtEpochs(logging.Handler):
    """Reads the resident memory, in MB, whenever an epoch is told."""

    def __init__(self):
        super().__init__()
        self.megabytes: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Called for every log record."""
        if record.msg == PROGRESS and "epoch" in str(record.args[0]) and "step" not in str(record.args[0]):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.megabytes.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--images", type=int, default=64)
    arguments = parser.parse_args()
    run = FinishedRun(arguments.workspace)
    stage = StageSettings(
        name="all", trainable="all", epochs=arguments.epochs, early_stopping_patience=arguments.epochs
    )
    memory = _MemoryAtEpochs()
    absl.logging.get_absl_logger().addHandler(memory)
    absl.logging.set_verbosity(absl.logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        StageRunner(
            run.settings,
            run.detector(),
            run.split("train", arguments.images),
            run.split("val", arguments.images),
            Path(folder),
            run.hardware,
        ).run(stage)
    print("MB after each epoch:", *(f"{one:.0f}" for one in memory.megabytes))
    third = len(memory.megabytes) // 3
    earlier, later = (
        statistics.mean(part) for part in (memory.megabytes[third : 2 * third], memory.megabytes[-third:])
    )
    print(f"last third over the one before: {later / earlier - 1:+.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
