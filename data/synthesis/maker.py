"""The interface between makers of images and what finds their parents, saves their children and remembers both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.example import REAL

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Parent:
    """An image that may be edited.

    Attributes:
        encoded: the bytes as they were imported, JPEG or PNG.
        pixels: uint8 ``[H, W, 3]``, as :func:`data.images.decode_check.decode_rgb` decodes them.
        label: 0 (real) or 1 (fake).
        sha256: SHA-256 of ``encoded``, 64 hexadecimal digits.
        group: as recorded; its children stay in it.
        source: as recorded.
        method: as recorded.
        split: as recorded; its children stay in it.
    """

    encoded: bytes
    pixels: np.ndarray
    label: int
    sha256: str
    group: str
    source: str
    method: str
    split: str


@dataclass(frozen=True)
class Child:
    """An image that was made of another.

    Attributes:
        pixels: uint8 ``[H, W, 3]``, of its parent's size.
        strength: how strong the edit is, in the maker's own unit.
        prompt: what a model was told; empty where there is none.
        edit: which of the maker's edits it is; empty where the maker has one only.
    """

    pixels: np.ndarray
    strength: float
    prompt: str = ""
    edit: str = ""


class Maker(ABC):
    """Makes a child of each parent it is given. A context manager: what it holds is let go at the end."""

    #: Its name, which is also the ``method`` of its children.
    name: str

    #: Labels of the images that it may edit.
    parent_labels: tuple[int, ...] = (REAL,)

    #: Label of its children; None: that of their parent.
    label: int | None

    #: What made the children, where a model did, and the revision of it: a commit, a version or a content hash.
    model: str = ""
    revision: str = ""

    #: Parents a call, at most. What was made is kept after each call.
    batch_size: int = 16

    @abstractmethod
    def settings(self) -> dict:
        """All that decides its children besides parent and seed, as JSON holds it."""

    @abstractmethod
    def make(self, parents: Sequence[Parent], seeds: Sequence[int]) -> list[Child]:
        """Makes one child of each parent.

        Args:
            parents: at most ``batch_size``; of any sizes.
            seeds: one for each parent, 0 to 2**63 - 1: the only source of chance, so that a child does not depend on
                the others of its batch.
        """

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Lets go of what it holds, such as a process."""

    def __enter__(self) -> Maker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
