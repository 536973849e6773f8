"""The images that may be edited, wherever they lie: of one split, with certain labels, and no edits themselves."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from pathlib import Path

from data.progress import Progress
from data.synthesis.maker import Parent

Read = Callable[[int], Parent]


class Parents(ABC):
    """The images that may be edited, by their position: 0 to ``len() - 1``.

    Attributes:
        root: what they were opened from, absolute.
        fingerprint: 64 hexadecimal digits; another where any of them, or their order, is another.
        refused: of those that were looked at, how many cannot be used, by reason (:data:`data.quarantine.REASONS`).
    """

    root: Path
    fingerprint: str
    refused: dict[str, int]

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def key(self, position: int) -> str:
        """What tells an image from others, on any machine and in any order."""

    def is_usable(self, position: int) -> bool:
        """Whether the image can be decoded and is large enough; notes in ``refused`` why not."""
        return True

    @abstractmethod
    def reading(
        self, positions: Collection[int], progress: Progress | None = None
    ) -> contextlib.AbstractContextManager[Read]:
        """Gives a function that reads any of ``positions``, in any order, as often as wanted.

        Raises:
            BadInputError: here or when reading: an image is not what was opened.
        """

    def is_apart_from(self, target: Path) -> bool:
        """Whether nothing that is written to ``target`` changes what is read, or the other way round."""
        return not (target.is_relative_to(self.root) or self.root.is_relative_to(target))
