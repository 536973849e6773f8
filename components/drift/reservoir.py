"""A sample of bounded size from a stream of unknown length."""

from collections.abc import Sequence

import numpy as np


class Reservoir:
    """Keeps a uniform random sample of all numbers added (Vitter's algorithm R, ACM TOMS 11(1), 1985).

    Args:
        size: most numbers kept; fewer than that are kept all.
        seed: draws another sample.
    """

    def __init__(self, size: int, seed: int = 0):
        self._kept = np.empty(size)
        self._random = np.random.default_rng(seed)
        self.seen = 0

    def add(self, numbers: Sequence[float]) -> None:
        """Adds numbers, in their order."""
        values = np.asarray(numbers, np.float64)
        position = np.arange(self.seen, self.seen + len(values))
        self.seen += len(values)
        drawn = self._random.integers(0, position + 1)
        place = np.where(position < len(self._kept), position, drawn)
        # Of several numbers for one place NumPy keeps the last, as adding them one by one would.
        chosen = place < len(self._kept)
        self._kept[place[chosen]] = values[chosen]

    def sample(self) -> np.ndarray:
        """The numbers kept, float64 `[min(seen, size)]`."""
        return self._kept[: min(self.seen, len(self._kept))].copy()
