"""Lets as many requests in as may wait, and turns the others away at once with a hint when to come back."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from serving.status import RequestError

_SHORTEST_HINT_S, _LONGEST_HINT_S = 0.05, 5.0
_MEMORY = 0.1  # of the running mean of how long a request takes


class Admission:
    """Counts the requests that run or wait.

    Args:
        limit: most of them at once; at least 1.
        workers: how many run together, to tell how long the line takes.
    """

    def __init__(self, limit: int, workers: int):
        self._limit = limit
        self._workers = workers
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False
        self._mean_s = 0.1

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Holds a place for the length of a with-block.

        Raises:
            RequestError: UNAVAILABLE, with `retry_after_s`: no place is free, or the server is stopping.
        """
        with self._changed:
            if self._closed:
                raise _unavailable("the server is stopping", _SHORTEST_HINT_S)
            if self._inside >= self._limit:
                wait_s = self._mean_s * self._inside / self._workers
                raise _unavailable(f"{self._inside} requests are waiting, as many as may", wait_s)
            self._inside += 1
        began = time.monotonic()
        try:
            yield
        finally:
            took = time.monotonic() - began
            with self._changed:
                # Of running and waiting together: a line as long as now takes as long as now.
                share = took * self._workers / max(self._inside, self._workers)
                self._mean_s += _MEMORY * (share - self._mean_s)
                self._inside -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Turns every new request away."""
        with self._changed:
            self._closed = True

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Waits until the requests inside are answered; whether they were in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._inside, timeout_s)


def _unavailable(why: str, wait_s: float) -> RequestError:
    retry_after_s = min(max(wait_s, _SHORTEST_HINT_S), _LONGEST_HINT_S)
    return RequestError(
        grpc.StatusCode.UNAVAILABLE, f"{why}; try again in {retry_after_s:.2f} s", retry_after_s
    )
