"""Walking a folder in a fixed order."""

import os
from collections.abc import Iterator
from pathlib import Path

from data.errors import BadInputError


def visible_files(root: Path) -> Iterator[str]:
    """Yields the path of everything below ``root`` that is not a folder.

    Paths are relative to ``root``, with forward slashes, in the order of the names, the same on every file
    system. Hidden files and folders (with a leading dot) are left out. Links to folders are followed; broken
    links are yielded like files, so that they can be reported.

    Raises:
        BadInputError: a folder cannot be listed, or a link leads back to a folder above it.
    """
    yield from _walk(root, "", {os.path.realpath(root)})


def _walk(folder: Path, prefix: str, above: set[str]) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise BadInputError(f"Expected a readable folder, received {folder}: {error.strerror}.") from error
    for entry in visible:
        name = prefix + entry.name
        if not _is_folder(entry):
            yield name
            continue
        real = os.path.realpath(entry.path)
        if real in above:
            raise BadInputError(
                f"Expected a tree of folders, but the link {entry.path} leads back up to {real}. "
                "Remove the link."
            )
        yield from _walk(Path(entry.path), name + "/", above | {real})


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A link to itself, for one: whoever opens it will report it.
        return False
