"""Writing a folder so that it appears whole or not at all."""

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import BadInputError

_LOCK = ".lock"
_REPLACED = "replaced"


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yields an empty folder to fill; on success it becomes ``target``, on any exception it is removed.

    The work is done in a hidden folder beside ``target`` (one file system, so that the last step is a rename)
    and reaches the disk before that rename. An older folder at ``target`` is moved aside and deleted only
    after the new one stands. What a killed process left behind is swept away by the next call; it is told
    from the work of a living process by a file lock, which dies with its owner.

    Args:
        target: absolute path of the folder to make; its parents are made as needed.

    Raises:
        BadInputError: no folder can be made there.
    """
    if target.is_mount():
        raise BadInputError(
            f"Expected a folder that can be replaced as a whole, received the mount point {target}. "
            "Choose a folder in it."
        )
    prefix = f".{target.name}.partial-"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target, prefix)
        staging = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    except OSError as error:
        raise BadInputError(
            f"Expected a place where a folder can be made, received {target}: {error.strerror}. Choose another."
        ) from error
    try:
        with open(staging / _LOCK, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = staging / "content"
            content.mkdir()
            yield content
            _flush_to_disk(content)
            if target.exists():
                target.rename(staging / _REPLACED)
            try:
                content.rename(target)
            except OSError:
                if (staging / _REPLACED).exists():
                    (staging / _REPLACED).rename(target)
                raise
            _flush(target.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sweep(target: Path, prefix: str) -> None:
    for left_behind in target.parent.glob(f"{glob.escape(prefix)}*"):
        lock_file = left_behind / _LOCK
        if not lock_file.exists():  # Being made, or being removed, at this very moment.
            continue
        with open(lock_file) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if (left_behind / _REPLACED).exists() and not target.exists():
                (left_behind / _REPLACED).rename(target)  # Killed between the two renames.
            shutil.rmtree(left_behind, ignore_errors=True)


def _flush_to_disk(folder: Path) -> None:
    for path in folder.rglob("*"):
        _flush(path)
    _flush(folder)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
