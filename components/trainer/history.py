"""The history of a training as a CSV file: a line for each epoch of each stage."""

import csv
import dataclasses
import typing
from collections.abc import Sequence
from pathlib import Path

from components.atomic_file import replacing
from components.trainer.epochs import Epoch

_COLUMNS = [field.name for field in dataclasses.fields(Epoch)]
_KINDS = typing.get_type_hints(Epoch)


def write_history(rows: Sequence[Epoch], path: Path) -> None:
    """Writes a header and one line an epoch, with all digits; the file is there whole or not at all.

    Args:
        rows: in the order in which they were trained.
        path: of the CSV file.
    """
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(dataclasses.asdict(row) for row in rows)


def read_history(path: Path) -> list[Epoch]:
    """Reads what `write_history` wrote; the rows are equal to those that were written.

    Raises:
        ValueError: when the file has other columns, or a line does not fit them.
    """
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.reader(file)
        header = next(table, [])
        if header != _COLUMNS:
            raise ValueError(
                f"{path}: expected a header {','.join(_COLUMNS)}, received {','.join(header) or 'none'}. "
                "Give the history.csv of a training."
            )
        return [_epoch(cells, f"{path}, line {table.line_num}") for cells in table]


def _epoch(cells: list[str], where: str) -> Epoch:
    try:
        return Epoch(**{name: _KINDS[name](cell) for name, cell in zip(_COLUMNS, cells, strict=True)})
    except ValueError as error:
        raise ValueError(
            f"{where}: expected a value for each of {', '.join(_COLUMNS)}, received {','.join(cells)}. "
            "Give the history.csv as the training wrote it."
        ) from error
