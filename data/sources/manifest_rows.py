"""Reading lists of images, as CSV or as one JSON object a line, into rows of text."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from data.errors import BadInputError

REQUIRED = ("path", "label")
OPTIONAL = ("split", "group", "method", "source")

#: The layouts, which are the suffixes of the files as well.
FORMATS = ("csv", "jsonl")

_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class Row(NamedTuple):
    """A row: the line it ends on, from 1, and its values by column; all rows have the same columns."""

    line: int
    values: dict[str, str]


def parse_rows(encoded: bytes, file_format: str, where: str) -> list[Row]:
    """Reads a list of images.

    Args:
        encoded: the content, UTF-8 with or without a byte order mark.
        file_format: one of ``FORMATS``.
        where: name of the file, for messages.

    Returns:
        The rows, one or more. Columns that a row leaves out are empty.

    Raises:
        BadInputError: it is malformed; the message names the line.
    """
    try:
        text = encoded.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = encoded[: error.start].count(b"\n") + 1
        raise BadInputError(
            f"Expected UTF-8 in {where}, received other bytes in line {line}. Convert it."
        ) from error
    rows = list((_csv_rows if file_format == "csv" else _json_rows)(text, where))
    if not rows:
        raise BadInputError(f"Expected a row for each image in {where}, received none.")
    return rows


def _csv_rows(text: str, where: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = next((cells for cells in reader if cells), [])
        _check_columns(columns, f"line {max(reader.line_num, 1)} of {where}")
        for cells in reader:
            if not cells:  # An empty line, such as the last one.
                continue
            if len(cells) != len(columns):
                raise BadInputError(
                    f"Expected {len(columns)} cells ({', '.join(columns)}) in line {reader.line_num} of {where}, "
                    f"received {len(cells)}. Put quotes around values with a comma."
                )
            yield Row(reader.line_num, dict(zip(columns, cells, strict=True)))
    except csv.Error as error:
        raise BadInputError(
            f"Expected comma-separated values in {where}, received something else in line {reader.line_num}: {error}."
        ) from error


def _json_rows(text: str, where: str) -> Iterator[Row]:
    found = []
    for number, line in enumerate(text.split("\n"), start=1):  # `splitlines` would part at U+2028, too.
        if line.strip():
            found.append(Row(number, _json_object(line, f"line {number} of {where}")))
    columns = list(dict.fromkeys(column for row in found for column in row.values))
    if found:
        _check_columns(columns, where)
    for row in found:
        yield Row(row.line, {column: row.values.get(column, "") for column in columns})


def _json_object(line: str, where: str) -> dict[str, str]:
    try:
        pairs = json.loads(line, object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:
        raise BadInputError(
            f"Expected a JSON object in {where}, received something else: {error}."
        ) from error
    # The hook makes a tuple of an object, and of nothing else.
    if not isinstance(pairs, tuple):
        raise BadInputError(f"Expected a JSON object in {where}, received a {type(pairs).__name__}.")
    for key, value in pairs:
        if isinstance(value, tuple | list):
            raise BadInputError(
                f"Expected a text, a number, true, false or null under '{key}' in {where}, received a list or object."
            )
    repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if repeated:
        raise BadInputError(f"Expected each key once in {where}, received '{repeated[0]}' again.")
    return {key: _as_text(value) for key, value in pairs}


def _as_text(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _check_columns(columns: list[str], where: str) -> None:
    received = f"received {', '.join(columns) or 'none'}"
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise BadInputError(
            f"Expected the columns {' and '.join(REQUIRED)} in {where}, {received}: {' and '.join(missing)} missing."
        )
    repeated = [column for column, count in Counter(columns).items() if count > 1]
    if repeated:
        raise BadInputError(f"Expected each column once in {where}, {received}: '{repeated[0]}' repeated.")
    odd = [column for column in columns if not _COLUMN.fullmatch(column)]
    if odd:
        raise BadInputError(
            f"Expected names of columns of a letter and up to 63 letters, digits, '_' or '-' in {where}, "
            f"received {odd[0]!r}. Rename it."
        )
