"""The logits that travel with an exported model, so that another operating point needs no images."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv

from data.example import SPLITS

_TYPES = {"split": pa.string(), "label": pa.int64(), "logit": pa.float64()}


class Scored(NamedTuple):
    """One split.

    Attributes:
        logits: float64 `[N]`, as the trained network gave them, before the temperature.
        labels: int64 `[N]`, 0 real, 1 fake.
    """

    logits: np.ndarray
    labels: np.ndarray


def write_logits(path: Path, splits: Mapping[str, Scored]) -> None:
    """Writes a file that `read_logits` reads, to the last bit."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(_TYPES)
        for name, split in splits.items():
            for label, logit in zip(split.labels, split.logits, strict=True):
                rows.writerow((name, int(label), repr(float(logit))))


def read_logits(path: Path) -> dict[str, Scored]:
    """Reads a file of logits.

    Args:
        path: CSV with the columns `split` (val or test), `label` (0 real, 1 fake) and `logit`.

    Returns:
        The splits that are in it, by name.

    Raises:
        ValueError: it cannot be read, or has other columns or values.
    """
    options = pa.csv.ConvertOptions(
        column_types=_TYPES, include_columns=list(_TYPES), strings_can_be_null=True
    )
    try:
        table = pa.csv.read_csv(path, convert_options=options)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(
            f"Expected a CSV file with the columns {', '.join(_TYPES)} in '{path}': {error}."
        ) from error
    splits, labels, logits = (table[name].to_numpy() for name in _TYPES)
    if table.num_rows == 0 or any(table[name].null_count for name in _TYPES) or not set(labels) <= {0, 1}:
        raise ValueError(
            f"Expected rows with a split, a label of 0 or 1 and a logit in '{path}', received {table.num_rows} rows, "
            "some of them not so. The file is damaged."
        )
    return {name: Scored(logits[splits == name], labels[splits == name]) for name in SPLITS if name in splits}
