"""What lies under a model's base path: which versions, and whether a copy has finished.

Plain functions of the file system; `served_model` decides what to do about it.
"""

import time
from pathlib import Path

from serving.errors import BadInputError

_EXPECTED = "a model base path (a folder of numbered version folders)"

_INT64 = range(-(2**63), 2**63)

SETTLED_AFTER_S = 2.0
"""A directory untouched for this long is taken to be complete at first sight."""

Snapshot = frozenset[tuple[str, int, int]]
"""Relative path, size in bytes and modification time in ns of each file in a version directory."""


def check_base_path(base_path: str | Path) -> Path:
    """The base path, if it can be one.

    Raises:
        BadInputError: it does not exist, is a file, or is itself a version directory.
    """
    path = Path(base_path)
    if not path.exists():
        raise BadInputError(
            f"expected {_EXPECTED}, but {path} does not exist: "
            "run the pipeline first, or give the folder it pushes to"
        )
    if not path.is_dir():
        raise BadInputError(f"expected {_EXPECTED}, received the file {path}")
    if _graph_file(path):
        raise BadInputError(
            f"expected {_EXPECTED}, received a SavedModel: {path}; give its parent folder "
            f"{path.absolute().parent} and make sure that the version's name is a number"
        )
    return path


def find_versions(base_path: Path) -> dict[int, Path]:
    """Version directories by number: children named with an int64 (`00000123` is 123); others are ignored.

    Raises:
        OSError: the base path cannot be listed.
    """
    found = {}
    for child in sorted(base_path.iterdir()):
        number = _version_number(child.name)
        if number is not None and child.is_dir():
            found[number] = child
    return found


def snapshot(directory: Path) -> Snapshot | None:
    """The files of a version directory; None while it has no `saved_model.pb`, the Pusher's last file."""
    try:
        if not _graph_file(directory):
            return None
        entries = set()
        for path in directory.rglob("*"):
            if path.is_file():
                status = path.stat()
                entries.add((str(path.relative_to(directory)), status.st_size, status.st_mtime_ns))
        return frozenset(entries)
    except FileNotFoundError:  # deleted, or renamed by a copy tool, while we looked
        return None


def is_settled(now: Snapshot, before: Snapshot | None) -> bool:
    """Whether a copy has finished: nothing changed since the last look, or for `SETTLED_AFTER_S`."""
    newest_s = max(modified for _, _, modified in now) / 1e9
    return now == before or time.time() - newest_s > SETTLED_AFTER_S


def _version_number(name: str) -> int | None:
    digits = name.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):  # int() alone would also take "1_0" and " 1"
        return None
    number = int(name)
    return number if number in _INT64 else None


def _graph_file(directory: Path) -> bool:
    return any((directory / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt"))
