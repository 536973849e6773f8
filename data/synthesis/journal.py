"""What has been made, a line an image: lets a call that was killed go on where it stopped.

An image is put in place before its line is appended, and the lines reach the disk a batch at a time. So every line is
of an image that was there whole; whether it still is shows its hash. What a kill left of a line is cut off.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from data.errors import BadInputError

JOURNAL_FILE = "journal.jsonl"
IMAGES_FOLDER = "images"
_IMAGES_A_FOLDER = 1000
_PARTIAL = ".partial"


def image_name(child: int, suffix: str) -> str:
    """The path of a child's image below the folder that is made: ``images/00000/00000017.jpg``."""
    return f"{IMAGES_FOLDER}/{child // _IMAGES_A_FOLDER:05d}/{child:08d}{suffix}"


class Journal:
    """The journal of a folder, which nobody else can write meanwhile. A context manager.

    Args:
        folder: of the images and of the journal; it exists.

    Raises:
        BadInputError: another process writes to it.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        # Where the last line of each child begins: lines may be many, and are read again when they are needed.
        self._starts: dict[int, int] = {}
        self._file = open(folder / JOURNAL_FILE, "a+b")  # noqa: SIM115 - closed by __exit__
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise BadInputError(
                f"Expected a folder that nobody writes to, but another call is at work in {folder}. Wait for it, or "
                "choose another folder."
            ) from None
        self._read()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def children(self) -> set[int]:
        """Numbers of the children it knows."""
        return set(self._starts)

    def intact(self) -> Iterator[int]:
        """Numbers of the children whose images are there and unchanged, ascending; each is read and hashed."""
        for child in sorted(self._starts):
            line = self._line(child)
            name = image_name(child, Path(line["row"]["path"]).suffix)
            try:
                found = hashlib.sha256((self._folder / name).read_bytes()).hexdigest()
            except OSError:
                continue
            if found == line["sha256"] and name == line["row"]["path"]:
                yield child

    def row(self, child: int) -> dict:
        """What the manifest says of a child."""
        return self._line(child)["row"]

    def write(self, made: Iterable[tuple[int, bytes, dict]]) -> None:
        """Puts images in place and appends a line for each; all is on disk in the end.

        Args:
            made: number, encoded image and row of the manifest, whose ``path`` is :func:`image_name`.
        """
        for child, encoded, row in made:
            path = self._folder / row["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(path.name + _PARTIAL)
            partial.write_bytes(encoded)
            partial.replace(path)
            self._starts[child] = self._file.seek(0, os.SEEK_END)
            line = {"child": child, "sha256": hashlib.sha256(encoded).hexdigest(), "row": row}
            self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def sweep(self) -> None:
        """Removes what a kill left of an image that was being written."""
        for left_behind in (self._folder / IMAGES_FOLDER).glob(f"*/*{_PARTIAL}"):
            left_behind.unlink()

    def _read(self) -> None:
        self._file.seek(0)
        start = 0
        for line in self._file:
            try:
                child = json.loads(line)["child"] if line.endswith(b"\n") else None
            except (ValueError, KeyError, TypeError):
                child = None
            if not isinstance(child, int):
                self._file.truncate(start)
                break
            self._starts[child] = start
            start += len(line)

    def _line(self, child: int) -> dict:
        self._file.seek(self._starts[child])
        return json.loads(self._file.readline())
