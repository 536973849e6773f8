"""The file that verdicts go to, one a line, and that a later call goes on with.

Whatever kills the writer, a file holds whole lines and at most one torn one behind them, which is dropped when the
file is opened again. A file counts as answered by its SHA-256: a copy of the folder, or a file that was touched, is
not asked about again, and a file that was replaced by another of the same size and date is.
"""

import fcntl
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pipeline.prediction import forms, past
from serving.errors import BadInputError
from serving.file_hash import sha256_of

if TYPE_CHECKING:
    from serving.verdict import Verdict
    from serving.video.verdict import VideoVerdict


class AnswerFile:
    """A file of verdicts, open for more of them; a context manager.

    Args:
        path: made if need be, with its folder.
        form: "json" (lines) or "csv".
        paths: of the files that will be asked about; what the file says of others is checked and passed over.
        model_name: of the model that will be asked.

    Raises:
        BadInputError: there is a file that is something else, or that another process is writing to.
    """

    def __init__(self, path: Path, form: str, paths: Collection[Path], model_name: str):
        self._path, self._csv = path, form == "csv"
        self._file = _opened(path)
        try:
            wanted = {self._key(one) for one in paths}
            self._known: dict[tuple[str, str, int], set[str]] = {}
            end = 0
            for record in past.read(self._file, path, form):
                end = record.end
                if record.answered and record.model_name == model_name and record.path in wanted:
                    key = (record.path, record.sampling, record.model_version)
                    self._known.setdefault(key, set()).add(record.sha256)
            # What is behind the last whole line was being written when the writer was killed.
            self._file.truncate(end)
            self._file.seek(end)
            if self._csv and end == 0:
                self._write(forms.csv_header())
        except BaseException:
            self._file.close()
            raise

    @property
    def knows_any(self) -> bool:
        """Whether some version of the model has judged one of the files before."""
        return bool(self._known)

    def answers(self, path: Path, sampling: str, version: int) -> bool:
        """Whether this version has judged the file as it is now; reads the file only where that may be.

        Args:
            path: of an image or video.
            sampling: how it would be looked at; empty for an image.
            version: that would be asked.
        """
        known = self._known.get((self._key(path), sampling, version))
        if not known:
            return False
        try:
            return sha256_of(path) in known
        except OSError:
            # Whoever asks about it will say so.
            return False

    def add(self, verdict: "Verdict | VideoVerdict") -> None:
        """Appends a verdict; it is in the file, whole, when this returns."""
        self._write(forms.csv_line(verdict) if self._csv else forms.json_line(verdict))

    def __enter__(self) -> "AnswerFile":
        return self

    def __exit__(self, *exception) -> None:
        self._file.close()

    def _write(self, line: str) -> None:
        self._file.write(line.encode("utf-8", "surrogateescape") + b"\n")
        self._file.flush()

    def _key(self, path: Path) -> str:
        # A path in CSV may have an apostrophe before it; the hash tells what could then be mixed up.
        return forms.csv_cell(os.fspath(path)) if self._csv else os.fspath(path)


def _opened(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Opened without emptying it; made if it is not there.
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except OSError as error:
        raise BadInputError(
            f"--out: expected a file that can be written, received {path}: {error.strerror}"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise BadInputError(
            f"--out: expected a file that no other process writes to, but one writes to {path}: "
            "wait for it, or give another file"
        ) from error
    return file
