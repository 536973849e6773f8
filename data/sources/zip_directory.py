"""What a zip archive holds, by its directory alone; and everything an archive is refused for.

An archive comes from somebody else and may be made to do harm. Nothing here or in
:mod:`data.sources.zip_reading` extracts to disk, so the worst names could do is mislead; they are refused all
the same, since the archive is then not what it claims to be.
"""

import io
import stat
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from data.errors import BadInputError
from data.sources.names import is_hidden, what_is_wrong

MAX_MEMBERS = 5_000_000
MAX_DIRECTORY_BYTES = 1024**3
MAX_RATIO = 1000
RATIO_MATTERS_FROM = 1_000_000
"""Bytes. A smaller member may be all zeros and harm nobody."""

HEADER_BYTES = 30
"""Length of the header in front of each member, without the name that follows."""

_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UTF8_NAME = 0x800


class Member(NamedTuple):
    """Where a member's bytes lie: its header begins at ``start`` and all of it ends by ``limit``."""

    start: int
    limit: int
    compressed: int
    size: int
    method: int
    checksum: int
    raw_name_is_utf8: bool


def list_members(descriptor: int, path: Path) -> dict[str, Member]:
    """Reads and checks the directory of the archive that is open for reading as ``descriptor``.

    Returns:
        The visible files by name, in the order in which a walk through folders would meet them.

    Raises:
        BadInputError: it is no complete zip archive, or it is one that is refused; the message names the
            member.
    """
    with _BoundedFile(descriptor, closefd=False) as file:
        entries, end = _read_directory(file, path)
    _check_each(entries, path)
    limits = _limits(entries, end, path)
    visible = [entry for entry in entries if not entry.orig_filename.endswith("/")]
    visible = [entry for entry in visible if not is_hidden(entry.orig_filename)]
    visible.sort(key=lambda entry: entry.orig_filename.split("/"))
    return {
        entry.orig_filename: Member(
            start=entry.header_offset,
            limit=limits[entry.header_offset],
            compressed=entry.compress_size,
            size=entry.file_size,
            method=entry.compress_type,
            checksum=entry.CRC,
            raw_name_is_utf8=bool(entry.flag_bits & _UTF8_NAME),
        )
        for entry in visible
    }


class _BoundedFile(io.FileIO):
    """A file that refuses to read a directory as large as the memory."""

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"a directory of {size} bytes, at most {MAX_DIRECTORY_BYTES} allowed")
        return super().read(size)


class _BoundedList(list):
    def append(self, entry: zipfile.ZipInfo) -> None:
        if len(self) >= MAX_MEMBERS:
            raise zipfile.BadZipFile(f"more than {MAX_MEMBERS} members, from '{entry.orig_filename}' on")
        super().append(entry)


class _Directory(zipfile.ZipFile):
    """Stops at the first member too many, rather than once all of them are in memory."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, _BoundedList() if name == "filelist" else value)


def _read_directory(file: io.FileIO, path: Path) -> tuple[list[zipfile.ZipInfo], int]:
    """Returns the entries, and where the directory starts: all members must end by there."""
    try:
        with _Directory(file) as archive:
            return archive.infolist(), archive.start_dir
    # What zipfile raises on damaged directories, names that are no UTF-8 among them.
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OSError, EOFError) as error:
        raise BadInputError(
            f"Expected a complete zip archive at {path}, received one that cannot be read: {error}. "
            "Fetch or make it anew; join the parts of a split archive first (`zip -s 0 parts.zip --out all.zip`)."
        ) from error


def _check_each(entries: Sequence[zipfile.ZipInfo], path: Path) -> None:
    seen = set()
    for entry in entries:
        # `orig_filename` is the name as it is stored: newer Pythons put another into `filename`.
        name = entry.orig_filename
        wrong = what_is_wrong(name.removesuffix("/"))
        mode = stat.S_IFMT(entry.external_attr >> 16)
        if wrong:
            problem = f"its name is refused, as {wrong}"
        elif name in seen:
            problem = "two members have this name"
        elif mode == stat.S_IFLNK:
            problem = "it is a symbolic link"
        elif mode not in (0, stat.S_IFREG) and not (mode == stat.S_IFDIR and name.endswith("/")):
            problem = "it is no regular file"
        elif entry.flag_bits & _ENCRYPTED:
            problem = "it is encrypted"
        elif entry.file_size >= RATIO_MATTERS_FROM and entry.file_size > MAX_RATIO * entry.compress_size:
            problem = (
                f"it claims to grow from {entry.compress_size} to {entry.file_size} bytes, "
                f"more than {MAX_RATIO}-fold, as only an archive made to fill memories does"
            )
        else:
            seen.add(name)
            continue
        raise _refused(path, name, problem)


def _limits(entries: Sequence[zipfile.ZipInfo], end: int, path: Path) -> dict[int, int]:
    """Returns for each member's start where it must end: at the next one, or at the directory."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    limits = {}
    for position, entry in enumerate(ordered):
        is_last = position + 1 == len(ordered)
        limit = end if is_last else ordered[position + 1].header_offset
        least = HEADER_BYTES + len(entry.orig_filename) + entry.compress_size
        if entry.header_offset < 0 or entry.header_offset + least > limit:
            beyond = "the directory" if is_last else f"'{ordered[position + 1].orig_filename}'"
            raise _refused(path, entry.orig_filename, f"its bytes overlap those of {beyond}")
        limits[entry.header_offset] = limit
    return limits


def _refused(path: Path, name: str, problem: str) -> BadInputError:
    return BadInputError(
        f"Expected an archive of plain files at {path}, received the member {name!r}: {problem}. "
        "Make the archive anew from its files, or extract it with a tool you trust and import the folder."
    )
