"""A data set's files, wherever they lie: in a folder, in zip archives within it, or in one archive."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from data.errors import BadInputError
from data.file_reading import read_file
from data.quarantine import RejectedImageError
from data.sources.walking import visible_files
from data.sources.zip_reading import member_names, read_member

__all__ = ["FileTree", "FolderTree", "stamp", "visible_files"]

_ZIP = ".zip"


class FileTree(ABC):
    """Files by name. Names are relative, with forward slashes, and the same on every machine.

    Attributes:
        root: absolute path of the folder or archive.
        name: the folder's name, or the archive's without ``.zip``.
    """

    root: Path
    name: str

    @abstractmethod
    def names(self) -> Iterator[str]:
        """Yields the names of the visible files, folder by folder in the order of their names.

        Raises:
            BadInputError: a folder or archive cannot be read, or an archive is refused.
        """

    @abstractmethod
    def locate(self, name: str) -> tuple[str, str | None]:
        """Returns the absolute path and, in an archive, the member's name; the file need not exist."""

    @abstractmethod
    def stamps(self) -> Iterator[tuple[str, str]]:
        """Yields name and :func:`stamp` of every file that matters: an archive counts as one file.

        Raises:
            BadInputError: a folder cannot be listed.
        """

    def read(self, name: str, max_bytes: int) -> bytes:
        """Returns the bytes of a small file such as a list of images.

        Raises:
            BadInputError: it is missing, unreadable, empty or too large.
        """
        path, member = self.locate(name)
        try:
            return read_file(path, max_bytes) if member is None else read_member(path, member, max_bytes)
        except RejectedImageError as error:
            raise BadInputError(
                f"Expected a readable file {name} of at most {max_bytes} bytes in {self.root}, "
                f"received one that is {error.reason} ({error.detail})."
            ) from error

    def folders(self, name: str) -> list[str]:
        """Names of the folders above a file, from the top; an archive counts as one, without ``.zip``."""
        return name.split("/")[:-1]

    def top(self) -> list[str]:
        """Names at the top, sorted; folders end with a slash."""
        return sorted({head + slash for head, slash, _ in (name.partition("/") for name in self.names())})


class FolderTree(FileTree):
    """The files below a folder. Zip archives right in it are read as if they were folders.

    Data sets are often delivered as several archives beside a list or two; ``Train.zip/Images/a.jpg`` is a
    name then. Archives further down are files like any other.

    Raises:
        BadInputError: there is no folder at ``root``.
    """

    def __init__(self, root: str | Path):
        self.root = Path(root).expanduser().resolve()
        if not self.root.is_dir():
            found = "a file" if self.root.exists() else "nothing"
            raise BadInputError(
                f"Expected a folder of images (or a .zip, .csv or .jsonl file) at {self.root}, found {found}."
            )
        self.name = self.root.name
        self._is_archive: dict[str, bool] = {}

    def names(self) -> Iterator[str]:
        """Yields the visible files, those in archives among them."""
        for name in visible_files(self.root):
            if self._archive_of(name) == name:
                for member in member_names(self.root / name):
                    yield f"{name}/{member}"
            else:
                yield name

    def locate(self, name: str) -> tuple[str, str | None]:
        """Returns the file's path, or the archive's path and the member's name."""
        archive = self._archive_of(name)
        if archive is None or archive == name:
            return str(self.root / name), None
        return str(self.root / archive), name[len(archive) + 1 :]

    def stamps(self) -> Iterator[tuple[str, str]]:
        """Yields the stamps of all visible files without opening an archive."""
        for name in visible_files(self.root):
            yield name, stamp(self.root / name)

    def folders(self, name: str) -> list[str]:
        """Names of the folders above a file, an archive's without ``.zip``."""
        folders = super().folders(name)
        if folders and self._archive_of(name):
            folders[0] = folders[0][: -len(_ZIP)]
        return folders

    def top(self) -> list[str]:
        """Names at the top, hidden ones too; folders end with a slash."""
        return sorted(path.name + ("/" if path.is_dir() else "") for path in self.root.iterdir())

    def _archive_of(self, name: str) -> str | None:
        """The archive at the top of the folder that ``name`` is, or is in."""
        first = name.partition("/")[0]
        if not first.lower().endswith(_ZIP):
            return None
        if first not in self._is_archive:
            self._is_archive[first] = (self.root / first).is_file()
        return first if self._is_archive[first] else None


def stamp(path: str | Path) -> str:
    """Size and modification time as ``"size:mtime_ns"``: equal as long as a file is left alone.

    ``"unreadable"`` where there is neither, as for a broken link: it is part of the data set all the same.
    """
    try:
        status = os.stat(path)
    except OSError:
        return "unreadable"
    return f"{status.st_size}:{status.st_mtime_ns}"
