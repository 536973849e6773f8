"""The images of a source, listed in files that workers take one by one.

A list in memory would grow with the data set, and Beam would copy it.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from data.image_table import Row, row_of
from data.sources.base import SourceImage

_IMAGES_A_FILE = 64


def write_listing(images: Iterable[SourceImage], folder: Path) -> tuple[list[Path], int]:
    """Writes the images in their order into files of at most 64.

    Args:
        images: what a source yields.
        folder: an empty folder.

    Returns:
        The files, in order, and the number of images.
    """
    images = iter(images)
    files, count = [], 0
    while some := list(islice(images, _IMAGES_A_FILE)):
        files.append(folder / f"listed-{len(files):06d}.jsonl")
        write_rows(files[-1], map(row_of, some))
        count += len(some)
    return files, count


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Writes a file of rows, one JSON object a line."""
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def read_rows(path: Path) -> Iterator[Row]:
    """Reads what :func:`write_rows` wrote, a row at a time."""
    with open(path, encoding="utf-8") as file:
        yield from map(json.loads, file)
