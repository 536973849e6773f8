"""The interface between the layouts of data sets and the importer."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.errors import BadInputError


@dataclass(frozen=True)
class SourceImage:
    """One file that a source holds as an image, unopened: it may yet prove to be none.

    Attributes:
        path: absolute path of the file.
        name: path relative to the source's root, with forward slashes; unique, and the same on every machine.
        label: 0 (real) or 1 (fake).
        source: name of the data set.
        method: how a fake was made; ``"none"`` for reals, ``"unknown"`` where it is not known.
        group: the photo or video the image was cut from where the source knows it, otherwise None.
        split: the data set's own split where it has one, otherwise None.
    """

    path: str
    name: str
    label: int
    source: str
    method: str
    group: str | None = None
    split: str | None = None


class ImageSource(ABC):
    """A data set on disk. Iterating over it yields its :class:`SourceImage` items, in a fixed order."""

    #: Name of the layout, as the command line spells it.
    layout: str

    def __init__(self, root: str | Path):
        """Opens the data set in the folder ``root``.

        Raises:
            BadInputError: there is no folder at ``root``.
        """
        self.root = Path(root).expanduser().resolve()
        if not self.root.is_dir():
            found = "a file" if self.root.exists() else "nothing"
            raise BadInputError(f"Expected a folder of images at {self.root}, found {found}.")

    @abstractmethod
    def __iter__(self) -> Iterator[SourceImage]:
        """Yields the images in a fixed order.

        Raises:
            BadInputError: the folder does not have this layout.
        """

    @abstractmethod
    def left_out(self) -> list[str]:
        """Names (relative paths) of the files below ``root`` that belong to no class, such as a README."""
