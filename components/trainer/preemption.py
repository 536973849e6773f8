"""SIGTERM, as a cluster sends it before it takes a machine away."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from components.errors import TrainingStoppedError


@contextlib.contextmanager
def stops_on_sigterm(kept: Callable[[], str]) -> Iterator[None]:
    """Turns SIGTERM into a `TrainingStoppedError` at once; every file we write is there whole or not at all.

    Does nothing outside of the main thread, where Python handles no signals.

    Args:
        kept: says, when the signal comes, what of the work is kept.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TrainingStoppedError(
            f"Stopped by SIGTERM. Kept: {kept()}. The same command goes on from there."
        )

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
