"""Writing the records of a subset."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.atomic_folder import atomic_folder
from data.audit.shortcuts import audit_shortcuts
from data.card import DatasetCard, read_cards, write_card
from data.describing import counts, leak_counts, source_hash
from data.errors import BadInputError
from data.example import FAKE, REAL, SPLITS
from data.image_table import read_table, values, write_table
from data.partition.subset_sizes import Subset
from data.partition.subsets import Chosen, choose_subset
from data.progress import Progress
from data.record_folder import check_replaceable, record_files, span_folder
from data.schema import read_schema, write_schema
from data.shards import file_sha256, record_writer, shard_names


def count_subset(subset: str | Sequence[Subset], records: str | Path, seed: int = 0) -> tuple[int, int]:
    """Real and fake images of a subset, as :func:`write_subset` would choose them.

    Raises:
        BadInputError: see :func:`write_subset`.
    """
    tables = [read_table(span_folder(Path(records), card.span)) for card in _whole(Path(records))]
    chosen = _choose(subset, tables, seed)
    labels = Counter[int]()
    for table in tables[: chosen.span]:
        own = values(table, "label")
        labels.update(own[row] for row in _rows(table, chosen))
    return labels[REAL], labels[FAKE]


def write_subset(
    subset: str | Sequence[Subset],
    records: str | Path,
    out_dir: str | Path,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[DatasetCard]:
    """Copies the records of a subset into a folder of their own: all of it, or nothing.

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
    if target.is_relative_to(records) or records.is_relative_to(target):
        raise BadInputError(
            f"Expected the subset apart from {records}, received {target}. Choose another folder."
        )
    check_replaceable(target)
    tables = [read_table(span_folder(records, card.span)) for card in cards]
    chosen = _choose(subset, tables, seed)
    rows = [_rows(table, chosen) for table in tables[: chosen.span]]
    total = sum(map(len, rows))
    with atomic_folder(target) as folder:
        write_schema(folder, read_schema(records))
        subset_cards, seen, done = [], set(), 0
        for card, table, own in zip(cards, tables, rows, strict=False):
            _check_unchanged(span_folder(records, card.span), card)
            subset_folder = span_folder(folder, card.span)
            subset_folder.mkdir()
            per_shard = card.options["images_per_shard"]
            for _ in _copy(span_folder(records, card.span), subset_folder, table, own, per_shard):
                done += 1
                if progress:
                    progress("copy", done, total)
            kept = table.take(pa.array(own))
            write_table(subset_folder, kept)
            groups = values(kept, "group")
            of_earlier_spans = sum(group in seen for group in groups)
            seen.update(groups)
            subset_cards.append(_subset_card(card, name, kept, subset_folder, of_earlier_spans))
            write_card(subset_folder, subset_cards[-1])
    return subset_cards


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
    return choose_subset(subset, *columns, spans.tolist(), seed)


def _rows(table: pa.Table, chosen: Chosen) -> np.ndarray:
    return np.flatnonzero([group in chosen.groups for group in values(table, "group")])


def _copy(
    source: Path, target: Path, table: pa.Table, rows: np.ndarray, images_per_shard: int
) -> Iterator[None]:
    """Copies records by their position, which is that of their rows, and yields after each."""
    splits = np.array(values(table, "split"))
    wanted = set(rows.tolist())
    for split in SPLITS:
        positions = np.flatnonzero(splits == split)
        own = [position for position in positions.tolist() if position in wanted]
        shards = shard_names(split, len(own), images_per_shard)
        serialized = zip(positions.tolist(), _serialized(source, split), strict=True)
        kept = (record for position, record in serialized if position in wanted)
        for file, size in shards:
            with record_writer(target / file) as writer:
                for record in islice(kept, size):
                    writer.write(record)
                    yield


def _serialized(folder: Path, split: str) -> Iterator[bytes]:
    import tensorflow as tf

    files = [str(path) for path in record_files(folder, split)]
    return tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()


def _check_unchanged(folder: Path, card: DatasetCard) -> None:
    for shard in card.shards:
        path = folder / shard["file"]
        if not path.is_file() or file_sha256(path) != shard["sha256"]:
            raise BadInputError(
                f"Expected the records of the import in {folder}, but {path.name} is missing or has been changed. "
                "Import again."
            )


def _subset_card(
    card: DatasetCard, name: str, kept: pa.Table, folder: Path, of_earlier_spans: int
) -> DatasetCard:
    shards = [
        {"file": path.name, "split": split, "images": size, "sha256": file_sha256(path)}
        for split in SPLITS
        for path, (_, size) in zip(
            record_files(folder, split),
            shard_names(split, values(kept, "split").count(split), card.options["images_per_shard"]),
            strict=True,
        )
    ]
    return dataclasses.replace(
        card,
        subset=name,
        found=len(kept),
        quarantined={},
        skipped={},
        left_out=0,
        leaks=leak_counts(kept) | {"dropped": card.leaks["dropped"]},
        shortcuts=[one.as_dict() for one in audit_shortcuts(kept, card.options["max_cue_auc"])],
        shortcuts_before=[],
        shards=shards,
        source_hash=source_hash(kept),
        **counts(kept, of_earlier_spans),
    )
