"""Writing the records of a subset."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.card import DatasetCard, read_cards
from data.errors import BadInputError
from data.example import FAKE, REAL
from data.image_table import read_table, synthetic_parents, values
from data.part_records import check_apart, write_part
from data.partition.subset_sizes import Subset
from data.partition.subsets import Chosen, choose_subset
from data.progress import Progress
from data.record_folder import span_folder


def count_subset(subset: str | Sequence[Subset], records: str | Path, seed: int = 0) -> tuple[int, int]:
    """Real and fake originals of a subset, as :func:`write_subset` would choose them.

    Raises:
        BadInputError: see :func:`write_subset`.
    """
    tables = [read_table(span_folder(Path(records), card.span)) for card in _whole(Path(records))]
    labels = Counter[int]()
    for table, rows in zip(tables, _rows(_choose(subset, tables, seed), tables), strict=False):
        own, parents = values(table, "label"), synthetic_parents(table)
        labels.update(own[row] for row in rows if parents[row] is None)
    return labels[REAL], labels[FAKE]


def write_subset(
    subset: str | Sequence[Subset],
    records: str | Path,
    out_dir: str | Path,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[DatasetCard]:
    """Copies the records of a subset into a folder of their own: all of it, or nothing.

    Sizes are those of originals. What was made of them comes with them, of whichever span.

    Args:
        subset: mini, middle, big or full; or sizes of one's own, of which the last is written and each holds those
            before it.
        records: an imported data set, with all its spans.
        out_dir: a new folder, or an earlier subset or import, which is replaced.
        seed: draws other groups.
        progress: called as ``progress("copy", done, total)``.

    Returns:
        The card of each span.

    Raises:
        BadInputError: there are too few images, ``records`` is no import or a subset itself, or ``out_dir`` holds
            something else.
    """
    records, target = (Path(folder).expanduser().resolve() for folder in (records, out_dir))
    name = subset if isinstance(subset, str) else subset[-1].name
    cards = _whole(records)
    check_apart(target, records)
    tables = [read_table(span_folder(records, card.span)) for card in cards]
    rows = _rows(_choose(subset, tables, seed), tables)
    return write_part(name, records, target, cards[: len(rows)], tables[: len(rows)], rows, progress)


def _whole(records: Path) -> list[DatasetCard]:
    """The cards of an import, which must be no subset."""
    cards = read_cards(records)
    if any(card.subset for card in cards):
        raise BadInputError(
            f"Expected a whole import, received the subset {cards[0].subset} at {records}: subsets are nested only "
            "if all are taken from one whole."
        )
    return cards


def _choose(subset: str | Sequence[Subset], tables: list[pa.Table], seed: int) -> Chosen:
    whole = pa.concat_tables(tables)
    spans = np.repeat(np.arange(1, len(tables) + 1), [len(table) for table in tables])
    columns = (values(whole, column) for column in ("group", "label", "split", "source"))
    synthetic = [parent is not None for parent in synthetic_parents(whole)]
    return choose_subset(subset, *columns, spans.tolist(), seed, synthetic)


def _rows(chosen: Chosen, tables: Sequence[pa.Table]) -> list[np.ndarray]:
    """The rows of each span, up to the last that has any: after those that were drawn on, of synthetic images."""
    rows = []
    for span, table in enumerate(tables, start=1):
        own = zip(values(table, "group"), synthetic_parents(table), strict=True)
        kept = [group in chosen.groups and (span <= chosen.span or made is not None) for group, made in own]
        rows.append(np.flatnonzero(kept))
    while len(rows) > chosen.span and not len(rows[-1]):
        rows.pop()
    return rows
