"""The interface between the layouts of data sets and the importer."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from data.example import Synthetic
from data.sources.files import FileTree

SPLIT_ALIASES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""What data sets call their splits, in lower case, and what we call them."""

Box = tuple[int, int, int, int]
"""Left, top, right and bottom of a part of an image, in pixels; the last two just outside of it."""


@dataclass(frozen=True)
class SourceImage:
    """One image that a source holds, unopened: it may yet prove to be none.

    Attributes:
        path: absolute path of the file, or of the zip archive that holds it.
        name: path relative to the source's root, with forward slashes; unique, and the same on every machine.
            Faces cut from one photo add their number: ``Images/Val/a.jpg#3``.
        label: 0 (real) or 1 (fake).
        source: name of the data set.
        method: how a fake was made; ``"none"`` for reals, ``"unknown"`` where it is not known. Of an image that was
            made of another the name of its maker, whatever its label.
        group: the photo or video the image was cut from where the source knows it, otherwise None.
        split: the data set's own split where it has one, otherwise None.
        member: name within the zip archive at ``path``; None where ``path`` is the image itself.
        box: the part of the file that is the image; None for all of it. It may reach over the edges, which cut it.
        columns: what else a manifest says of the image, by column: values to slice an evaluation by.
        synthetic: how the image was made of another; None for originals.
    """

    path: str
    name: str
    label: int
    source: str
    method: str
    group: str | None = None
    split: str | None = None
    member: str | None = None
    box: Box | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    synthetic: Synthetic | None = None


class ImageSource(ABC):
    """A data set on disk. Iterating over it yields its :class:`SourceImage` items, in a fixed order.

    Args:
        tree: the files of the data set, in a folder or in zip archives.
    """

    #: Name of the layout, as the command line spells it.
    layout: str

    #: What the source leaves out by rules of its own, by reason, such as boxes around crowds; known once it has been
    #: iterated over.
    skipped: Mapping[str, int] = MappingProxyType({})

    def __init__(self, tree: FileTree):
        self.tree = tree

    @property
    def root(self) -> Path:
        """Absolute path of the data set's folder or archive."""
        return self.tree.root

    @property
    def name(self) -> str:
        """Name of the folder, or of the archive without ``.zip``."""
        return self.tree.name

    def stamps(self) -> Iterator[tuple[str, str]]:
        """Yields name and stamp of every file that matters: equal ones mean that nothing has changed.

        Raises:
            BadInputError: a folder or a list of images cannot be read.
        """
        return self.tree.stamps()

    @abstractmethod
    def __iter__(self) -> Iterator[SourceImage]:
        """Yields the images in a fixed order.

        Raises:
            BadInputError: the files do not have this layout.
        """

    @abstractmethod
    def left_out(self) -> list[str]:
        """Names (relative paths) of the files that belong to no class, such as a README."""
