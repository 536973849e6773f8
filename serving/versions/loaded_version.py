"""A version in memory, lent to the requests that run on it, and closed when the last one returns."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np


class Model(Protocol):
    """What a served model can do; `session_model.SessionModel` is one."""

    signatures: dict

    def predict(
        self, inputs, *, signature_name="", output_filter=(), timeout_s=None
    ) -> dict[str, np.ndarray]:
        """Runs one request."""

    def close(self) -> None:
        """Frees the model."""


class LoadedVersion:
    """Counts the requests in flight on one version.

    Nobody waits for a version to fall idle: whoever ends last, the unloader or a request, closes it.

    Args:
        number: the version.
        model: owned from here on.
        on_closed: called once, after the model was closed, from the thread that closed it.
    """

    def __init__(self, number: int, model: Model, on_closed: Callable[[], None] = lambda: None):
        self.number = number
        self.model = model
        self._on_closed = on_closed
        self._lock = threading.Lock()
        self._borrowers = 0
        self._retired = False

    def try_borrow(self) -> bool:
        """Claims the version for a request; False once it is retired. Pair with `give_back`."""
        with self._lock:
            if self._retired:
                return False
            self._borrowers += 1
            return True

    def give_back(self) -> None:
        """Ends a claim."""
        with self._lock:
            self._borrowers -= 1
            last = self._retired and self._borrowers == 0
        if last:
            self._close()

    def retire(self) -> None:
        """Takes no more requests, and closes the model as soon as none is in flight."""
        with self._lock:
            last = not self._retired and self._borrowers == 0
            self._retired = True
        if last:
            self._close()

    @contextmanager
    def borrowed(self) -> Iterator["LoadedVersion"]:
        """Gives the claim of a successful `try_borrow` back at the end of a with-block."""
        try:
            yield self
        finally:
            self.give_back()

    def _close(self) -> None:
        self.model.close()
        self._on_closed()
