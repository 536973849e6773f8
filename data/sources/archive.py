"""A zip archive as a tree of files."""

from collections.abc import Iterator
from pathlib import Path

from data.errors import BadInputError
from data.sources.files import FileTree, stamp
from data.sources.zip_reading import member_names


class ZipTree(FileTree):
    """The files in one zip archive, read in place.

    Raises:
        BadInputError: there is no file at ``path``, it is no zip archive, or it is refused (see
            :mod:`data.sources.zip_directory`).
    """

    def __init__(self, path: str | Path):
        self.root = Path(path).expanduser().resolve()
        if not self.root.is_file():
            found = "a folder" if self.root.is_dir() else "nothing"
            raise BadInputError(f"Expected a zip archive at {self.root}, found {found}.")
        self.name = self.root.stem
        member_names(self.root)

    def names(self) -> Iterator[str]:
        """Yields the names of the visible members, as :meth:`FileTree.names` does."""
        yield from member_names(self.root)

    def locate(self, name: str) -> tuple[str, str]:
        """Returns the archive's path and the member's name."""
        return str(self.root), name

    def stamps(self) -> Iterator[tuple[str, str]]:
        """Yields one stamp: the archive's."""
        yield self.root.name, stamp(self.root)
