"""The table of an import: a row an image, kept or refused, with all that is known of it but its pixels.

It is columnar, so that 180,000 images take a hundred megabytes and not a gigabyte. With the records it is kept as a
Parquet file, for audits, subsets and later spans.
"""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute, parquet

from data.errors import BadInputError
from data.example import Synthetic
from data.images.cues import PixelCues
from data.images.decode_check import ImageFacts
from data.record_folder import TABLE_FILE
from data.sources.base import SourceImage

_TYPES = {int: pa.int64(), float: pa.float64()}

# Names of files may hold bytes that are no UTF-8, hence binary.
_SOURCE_COLUMNS = {
    "path": pa.binary(),
    "name": pa.binary(),
    "label": pa.int8(),
    "source": pa.binary(),
    "method": pa.binary(),
    "known_group": pa.binary(),
    "official_split": pa.string(),
    "member": pa.binary(),
    "box": pa.list_(pa.int32()),
    "columns": pa.list_(pa.struct([("column", pa.string()), ("value", pa.binary())])),
    "synthetic": pa.struct(
        [(field.name, _TYPES.get(field.type, pa.string())) for field in dataclasses.fields(Synthetic)]
    ),
}
_FACT_COLUMNS = {
    "sha256": pa.string(),
    "format": pa.string(),
    "width": pa.int32(),
    "height": pa.int32(),
    "channels": pa.int8(),
    "bytes": pa.int64(),
    "jpeg_quality": pa.int8(),
    "quantisation": pa.float64(),
    "perceptual_hash": pa.string(),
    "cropped_hashes": pa.string(),
    **{field.name: pa.float64() for field in dataclasses.fields(PixelCues)},
}
_SCHEMA = pa.schema(
    [*_SOURCE_COLUMNS.items(), *_FACT_COLUMNS.items(), ("reason", pa.string()), ("detail", pa.binary())]
)
# What only the machine of the import can use.
_LEFT_OUT_OF_FILE = ("path", "member", "box", "reason", "detail")
_ROWS_AT_ONCE = 4096

Row = dict[str, Any]


def row_of(
    image: SourceImage, facts: ImageFacts | None = None, reason: str | None = None, detail: str | None = None
) -> Row:
    """One row, as JSON can hold it: what the source says, and either facts or a reason and a detail.

    The source's own group and split are called ``known_group`` and ``official_split``: ``group`` and ``split`` are
    what the importer makes of them.
    """
    row = {**vars(image), "columns": dict(image.columns), "reason": reason, "detail": detail}
    row["synthetic"] = dataclasses.asdict(image.synthetic) if image.synthetic else None
    row |= {"known_group": row.pop("group"), "official_split": row.pop("split")}
    return row | (fact_values(facts) if facts else {})


def fact_values(facts: ImageFacts) -> Row:
    """The columns of facts."""
    plain = {key: value for key, value in vars(facts).items() if key != "cues"}
    return plain | vars(facts.cues)


def source_image(row: Row) -> SourceImage:
    """What :func:`row_of` was given."""
    renamed = {"known_group": "group", "official_split": "split"}
    known = {renamed.get(key, key): row[key] for key in _SOURCE_COLUMNS}
    synthetic = Synthetic(**row["synthetic"]) if row["synthetic"] else None
    return SourceImage(**known | {"box": tuple(row["box"]) if row["box"] else None, "synthetic": synthetic})


def make_table(rows: Iterable[Row]) -> pa.Table:
    """Collects rows, a few thousand at a time."""
    rows = iter(rows)
    batches = []
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        batches.append(pa.RecordBatch.from_pylist([_packed(row) for row in some], schema=_SCHEMA))
    return pa.Table.from_batches(batches, schema=_SCHEMA)


def table_rows(table: pa.Table) -> Iterator[Row]:
    """The rows of a table, as :func:`row_of` makes them, with whatever columns it has."""
    for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        yield from (_unpacked(row) for row in batch.to_pylist())


def values(table: pa.Table, column: str) -> list:
    """A column as Python values, text as text."""
    found = table.column(column).to_pylist()
    if pa.types.is_binary(table.schema.field(column).type):
        return [None if value is None else os.fsdecode(value) for value in found]
    return found


def numbers(table: pa.Table, column: str) -> np.ndarray:
    """A column of numbers as an array."""
    return table.column(column).to_numpy()


def synthetic_parents(table: pa.Table) -> list[str | None]:
    """SHA-256 of the image that each was made of; None for originals."""
    return _of_synthetic(table, "parent").to_pylist()


def synthetic_makers(table: pa.Table) -> list[str]:
    """What made the images that were made of others; originals are left out."""
    return _of_synthetic(table, "maker").drop_null().to_pylist()


def with_columns(table: pa.Table, columns: dict[str, pa.Array | list]) -> pa.Table:
    """Replaces columns, or adds them at the end."""
    for name, column in columns.items():
        position = table.schema.get_field_index(name)
        if position < 0:
            table = table.append_column(name, pa.array(column))
        else:
            field = table.schema.field(position)
            if pa.types.is_binary(field.type):
                column = [os.fsencode(value) if isinstance(value, str) else value for value in column]
            table = table.set_column(position, field, pa.array(column, field.type))
    return table


def write_table(folder: Path, table: pa.Table) -> None:
    """Writes :data:`TABLE_FILE` into ``folder``; equal tables give equal bytes."""
    kept = [name for name in table.column_names if name not in _LEFT_OUT_OF_FILE]
    parquet.write_table(table.select(kept), folder / TABLE_FILE, compression="zstd")


def read_table(folder: Path) -> pa.Table:
    """Reads :data:`TABLE_FILE`; one from before there were synthetic images gets their column, empty.

    Raises:
        BadInputError: it is missing or damaged.
    """
    path = folder / TABLE_FILE
    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise BadInputError(f"Expected the table of an import at {path}: {error}. Import again.") from error
    if "synthetic" in table.column_names:
        return table
    field = _SCHEMA.field("synthetic")
    position = table.schema.get_field_index("columns") + 1
    return table.add_column(position, field, pa.nulls(len(table), field.type))


def _of_synthetic(table: pa.Table, name: str) -> pa.ChunkedArray:
    column = table.column("synthetic")
    return compute.struct_field(column, [column.type.get_field_index(name)])


def _packed(row: Row) -> Row:
    packed = {}
    for name, value in row.items():
        if name == "columns":
            packed[name] = [
                {"column": key, "value": os.fsencode(text)} for key, text in sorted(value.items())
            ]
        elif isinstance(value, str) and pa.types.is_binary(_SCHEMA.field(name).type):
            packed[name] = os.fsencode(value)
        else:
            packed[name] = value
    return packed


def _unpacked(row: Row) -> Row:
    unpacked = {key: os.fsdecode(value) if isinstance(value, bytes) else value for key, value in row.items()}
    if row.get("columns") is not None:
        unpacked["columns"] = {item["column"]: os.fsdecode(item["value"]) for item in row["columns"]}
    return unpacked
