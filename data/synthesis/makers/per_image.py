"""What makers share that look at one image at a time: their strength, their threads and where chance comes from."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from data.errors import BadInputError
from data.synthesis.maker import Child, Maker, Parent

#: Twice as strong as the maker means it to be; beyond that its children no longer look like photographs.
STRONGEST = 2.0
#: Larger images are edited one after the other, so that a batch of them does not take gigabytes.
_MOST_PIXELS_TOGETHER = 4 * 1024 * 1024


class PerImageMaker(Maker):
    """Makes each child of its parent's pixels and its own seed, several at once.

    OpenCV and numpy let go of Python's lock while they compute, so threads do. OpenCV's own threads are left as they
    are, as others in the process use them, too: a call that finds them busy does without.
    """

    def __init__(self, strength: float = 1.0):
        """
        Args:
            strength: scales how far an edit goes: 1 as the maker means it, above 0 and at most 2.

        Raises:
            BadInputError: the strength is out of its range.
        """
        if not 0 < strength <= STRONGEST:
            raise BadInputError(
                f"Expected a strength above 0 and at most {STRONGEST:g}, received {strength:g}; 1 is what the maker "
                "is meant to do."
            )
        self.strength = float(strength)
        self._threads: ThreadPoolExecutor | None = None

    def settings(self) -> dict:
        """See the base class."""
        return {"strength": self.strength}

    def make(self, parents: Sequence[Parent], seeds: Sequence[int]) -> list[Child]:
        """See the base class."""
        tasks = list(zip(parents, seeds, strict=True))
        if any(parent.pixels.shape[0] * parent.pixels.shape[1] > _MOST_PIXELS_TOGETHER for parent in parents):
            return [self._child(task) for task in tasks]
        if self._threads is None:
            self._threads = ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix=self.name)
        return list(self._threads.map(self._child, tasks))

    def _child(self, task: tuple[Parent, int]) -> Child:
        parent, seed = task
        return self.edit(parent.pixels, np.random.default_rng(seed))

    @abstractmethod
    def edit(self, pixels: np.ndarray, rng: np.random.Generator) -> Child:
        """Edits one image.

        Args:
            pixels: uint8 ``[H, W, 3]``, RGB, 0 to 255; is not changed.
            rng: all chance comes from it.
        """

    def close(self) -> None:
        """See the base class."""
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
