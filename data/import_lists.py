"""The lists an import leaves beside its records: what was refused, and what leaks across splits."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
from pyarrow import compute

from data.example import LABEL_NAMES
from data.image_table import values
from data.quarantine import Quarantined
from data.record_folder import LEAKS_FILE, QUARANTINE_FILE


def quarantined(table: pa.Table) -> list[Quarantined]:
    """The refused images of a table (:mod:`data.image_table`)."""
    refused = table.filter(compute.is_valid(table.column("reason")))
    columns = (values(refused, column) for column in ("name", "label", "reason", "detail"))
    return [Quarantined(*row) for row in zip(*columns, strict=True)]


def write_quarantine(folder: Path, refused: Sequence[Quarantined]) -> None:
    """Writes one JSON object a line, ordered by path: path, label (by name), reason, detail."""
    rows = (
        {**asdict(item), "label": LABEL_NAMES[item.label]}
        for item in sorted(refused, key=lambda item: item.path)
    )
    _write(folder / QUARANTINE_FILE, rows)


def write_leaks(folder: Path, found: pa.Table, leaks: Sequence[Sequence[int]]) -> None:
    """Writes one JSON object a line: group, split, label (by name) and path of each image of each leaking group.

    Args:
        folder: where to.
        found: all images of an import, with ``group`` and ``split``.
        leaks: rows of ``found``, a list a group.
    """
    groups, splits, labels, names = (values(found, key) for key in ("group", "split", "label", "name"))
    rows = (
        {"group": groups[row], "split": splits[row], "label": LABEL_NAMES[labels[row]], "path": names[row]}
        for leak in leaks
        for row in leak
    )
    _write(folder / LEAKS_FILE, rows)


def _write(path: Path, rows: Iterable[dict]) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
