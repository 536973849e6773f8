"""Writing some of the images of an import as records of their own: what subsets and left-out sources share."""

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.atomic_folder import atomic_folder
from data.audit.shortcuts import audit_shortcuts
from data.card import DatasetCard, write_card
from data.describing import counts, leak_counts, source_hash
from data.errors import BadInputError
from data.example import SPLITS
from data.image_table import values, write_table
from data.progress import Progress
from data.record_folder import check_replaceable, record_files, span_folder
from data.schema import read_schema, write_schema
from data.shards import file_sha256, record_writer, shard_names


def check_apart(target: Path, records: Path) -> None:
    """Checks that records can be written to ``target`` without harm to those they are taken from, or to others.

    Raises:
        BadInputError: they cannot.
    """
    if target.is_relative_to(records) or records.is_relative_to(target):
        raise BadInputError(
            f"Expected the subset apart from {records}, received {target}. Choose another folder."
        )
    check_replaceable(target)


def write_part(
    name: str,
    records: Path,
    target: Path,
    cards: Sequence[DatasetCard],
    tables: Sequence[pa.Table],
    rows: Sequence[np.ndarray],
    progress: Progress | None = None,
) -> list[DatasetCard]:
    """Copies images of an import into a folder of their own: all of them, or nothing.

    Args:
        name: of the part, for its cards.
        records: an imported data set.
        target: see :func:`check_apart`.
        cards: of the spans to copy, from the first on.
        tables: of these spans.
        rows: the rows of each table to copy, ascending.
        progress: called as ``progress("copy", done, total)``.

    Returns:
        The card of each span.

    Raises:
        BadInputError: the records are not what was imported.
    """
    total = sum(map(len, rows))
    with atomic_folder(target) as folder:
        write_schema(folder, read_schema(records))
        part_cards, seen, done = [], set(), 0
        for card, table, own in zip(cards, tables, rows, strict=True):
            _check_unchanged(span_folder(records, card.span), card)
            part_folder = span_folder(folder, card.span)
            part_folder.mkdir()
            per_shard = card.options["images_per_shard"]
            for _ in _copy(span_folder(records, card.span), part_folder, table, own, per_shard):
                done += 1
                if progress:
                    progress("copy", done, total)
            kept = table.take(pa.array(own))
            write_table(part_folder, kept)
            groups = values(kept, "group")
            of_earlier_spans = sum(group in seen for group in groups)
            seen.update(groups)
            part_cards.append(_part_card(card, name, kept, part_folder, of_earlier_spans))
            write_card(part_folder, part_cards[-1])
    return part_cards


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


def _part_card(
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
