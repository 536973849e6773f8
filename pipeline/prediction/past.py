"""What a file of verdicts already says."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.prediction import forms
from serving.errors import BadInputError

# Far above the verdict of a video with a hundred thousand frames; a file without line breaks is not read into memory.
_LONGEST_RECORD = 16 << 20

_JSON_START = b'{"path": '
_KEYS = {"path", "score", "decision", "threshold", "model_name", "model_version", "sha256", "error"}


@dataclass(frozen=True)
class Record:
    """What a file says of one image or video.

    Attributes:
        end: offset in bytes behind its line break.
        path: as it stands in the file.
        answered: whether there was a verdict.
        model_name: of the model that gave it.
        model_version: likewise; 0 where there is no verdict.
        sha256: of the file that was judged.
        sampling: how it was looked at; empty for an image.
    """

    end: int
    path: str
    answered: bool
    model_name: str
    model_version: int
    sha256: str
    sampling: str


def read(file: BinaryIO, path: Path, form: str) -> Iterator[Record]:
    """The verdicts in a file; memory does not grow with it.

    What stands behind the last whole line is passed over if it can be the beginning of a verdict.

    Args:
        file: at its start.
        path: of it, for messages.
        form: "json" (lines) or "csv".

    Raises:
        BadInputError: it holds something else.
    """
    if form == "csv":
        return _read(file, path, _from_csv, (forms.csv_header() + "\n").encode(), quotes=True)
    return _read(file, path, _from_json, b"", quotes=False)


def _read(
    file: BinaryIO, path: Path, parse: Callable[[bytes, int], Record], header: bytes, quotes: bool
) -> Iterator[Record]:
    def refused(reason: str) -> BadInputError:
        return BadInputError(
            f"--out: expected a new file, or one that `predict --out` wrote in the same form, received {path}: "
            f"{reason}. Give another file"
        )

    found = file.read(len(header))
    if header and found != header:
        if found and not header.startswith(found):
            raise refused("its first line is not that of verdicts in CSV")
        return
    number, end = 1 + bool(header), len(header)
    record = b""
    while line := file.readline(_LONGEST_RECORD):
        record += line
        if len(record) >= _LONGEST_RECORD:
            raise refused(f"line {number} does not end")
        # In CSV a line break between quotes belongs to a path.
        if not line.endswith(b"\n") or (quotes and record.count(b'"') % 2):
            continue
        end += len(record)
        try:
            parsed = parse(record, end)
        except (ValueError, TypeError, KeyError) as error:
            raise refused(f"record {number} is no verdict") from error
        yield parsed
        record, number = b"", number + 1
    if not quotes and not (record.startswith(_JSON_START) or _JSON_START.startswith(record)):
        raise refused(f"line {number} is no verdict")


def _from_json(record: bytes, end: int) -> Record:
    fields = json.loads(record)
    if not isinstance(fields, dict) or not fields.keys() >= _KEYS:
        raise ValueError("no verdict")
    return _record(fields, end, fields["error"] is None)


def _from_csv(record: bytes, end: int) -> Record:
    text = record.decode("utf-8", "surrogateescape")
    [cells] = csv.reader(io.StringIO(text, newline=""), strict=True)
    fields = dict(zip(forms.CSV_COLUMNS, cells, strict=True))
    return _record(fields, end, fields["error"] == "")


def _record(fields: dict, end: int, answered: bool) -> Record:
    if answered:
        # Neither true nor a text is a score.
        float(fields["score"])
    version = int(fields["model_version"]) if answered else 0
    return Record(
        end,
        str(fields["path"]),
        answered,
        str(fields["model_name"]),
        version,
        str(fields["sha256"]),
        str(fields.get("sampling", "")),
    )
