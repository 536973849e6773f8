"""Reading members of zip archives in place: nothing is extracted to disk, no declared size is believed."""

import os
import stat
import weakref
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from threading import Lock

from data.errors import BadInputError
from data.quarantine import RejectedImageError
from data.sources.zip_directory import HEADER_BYTES, Member, list_members

_HEADER_SIGNATURE = b"PK\x03\x04"
_CHUNK = 256 * 1024
_lock = Lock()


def member_names(path: str | Path) -> list[str]:
    """Names of the visible files in the archive, in the order in which a walk through folders meets them.

    Raises:
        BadInputError: it cannot be read, is no zip archive, or is refused.
    """
    try:
        return list(_open(str(path)).members)
    except OSError as error:
        raise BadInputError(f"Expected a readable zip archive at {path}: {error.strerror}.") from error


def read_member(path: str | Path, member: str, max_bytes: int) -> bytes:
    """Returns the bytes of one file in a zip archive; may be called from many threads at once.

    Raises:
        RejectedImageError: with reason unreadable, corrupt, empty or too_large.
    """
    try:
        archive = _open(str(path))
        if member not in archive.members:
            raise RejectedImageError("unreadable", "the archive holds no such file")
        content = archive.read(member, max_bytes)
    except OSError as error:
        raise RejectedImageError("unreadable", error.strerror or str(error)) from error
    except BadInputError as error:
        raise RejectedImageError("corrupt", str(error)) from error
    if not content:
        raise RejectedImageError("empty", "0 bytes")
    return content


class _Archive:
    """An open archive. Reads go to places of their own (`pread`), so threads and forks share it freely."""

    def __init__(self, path: str):
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        # Whoever still reads holds the archive, so that dropping it from the cache closes nothing in use.
        weakref.finalize(self, os.close, self._descriptor)
        self.members = list_members(self._descriptor, Path(path))

    def read(self, name: str, max_bytes: int) -> bytes:
        member = self.members[name]
        start = self._start_of_content(name, member)
        if member.method == zipfile.ZIP_STORED:
            content = os.pread(self._descriptor, min(member.compressed, max_bytes + 1), start)
        elif member.method == zipfile.ZIP_DEFLATED:
            content = self._inflate(start, start + member.compressed, max_bytes)
        else:
            raise RejectedImageError("corrupt", f"compressed by method {member.method}, expected 0 or 8")
        if len(content) > max_bytes:
            raise RejectedImageError("too_large", f"more than {max_bytes} bytes")
        if len(content) != member.size:
            raise RejectedImageError("corrupt", f"{len(content)} bytes, {member.size} announced")
        if zlib.crc32(content) != member.checksum:
            raise RejectedImageError("corrupt", "the checksum differs")
        return content

    def _start_of_content(self, name: str, member: Member) -> int:
        header = os.pread(self._descriptor, HEADER_BYTES, member.start)
        if len(header) < HEADER_BYTES or not header.startswith(_HEADER_SIGNATURE):
            raise RejectedImageError("corrupt", "no member begins where the directory says so")
        name_bytes = int.from_bytes(header[26:28], "little")
        start = member.start + HEADER_BYTES + name_bytes + int.from_bytes(header[28:30], "little")
        if start + member.compressed > member.limit:
            raise RejectedImageError("corrupt", "its bytes overlap those of the next member")
        expected = name.encode("utf-8" if member.raw_name_is_utf8 else "cp437")
        if os.pread(self._descriptor, name_bytes, member.start + HEADER_BYTES) != expected:
            raise RejectedImageError("corrupt", "another name stands in front of its bytes")
        return start

    def _inflate(self, position: int, end: int, max_bytes: int) -> bytes:
        """Decompresses until the end, or until there is one byte too many."""
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        content, waiting = bytearray(), b""
        try:
            while not inflater.eof and len(content) <= max_bytes:
                if not waiting:
                    waiting = os.pread(self._descriptor, min(_CHUNK, end - position), position)
                    position += len(waiting)
                if not waiting:
                    raise RejectedImageError("corrupt", "its compressed bytes end too early")
                content += inflater.decompress(waiting, max_bytes + 1 - len(content))
                waiting = inflater.unconsumed_tail
        except zlib.error as error:
            raise RejectedImageError("corrupt", str(error)) from error
        return bytes(content)


def _open(path: str) -> _Archive:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        # Opening a named pipe could wait for ever.
        raise BadInputError(
            f"Expected a zip archive at {path}, received neither a regular file nor a link to one."
        )
    with _lock:  # Otherwise threads that start together would each read the directory.
        return _opened(path, status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=32)
def _opened(path: str, *_version: int) -> _Archive:
    return _Archive(path)
