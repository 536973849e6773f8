"""Counting an import: from its table to its card."""

import hashlib
from collections import Counter

import numpy as np
import pyarrow as pa

from data.card import MOST_VALUES, DatasetCard, count_by, count_splits
from data.image_table import synthetic_makers, table_rows, values
from data.options import ImportOptions
from data.partition.placing import Placing
from data.sources import ImageSource


def describe_import(
    source: ImageSource,
    found: pa.Table,
    kept: pa.Table,
    placing: Placing,
    options: ImportOptions,
    **known,
) -> DatasetCard:
    """Makes the card of an import.

    Args:
        source: what was imported.
        found: all its images, see :mod:`data.image_table`.
        kept: those that were written.
        placing: where they went; positions are rows of ``found``.
        options: how it was imported.
        known: the other fields of :class:`DatasetCard`.
    """
    return DatasetCard(
        name=source.name,
        layout=source.layout,
        found=len(found),
        quarantined=dict(Counter(filter(None, values(found, "reason"))).most_common()),
        skipped=dict(source.skipped),
        left_out=len(source.left_out()),
        leaks={
            "groups": len(placing.leaks),
            "images": sum(map(len, placing.leaks)),
            "dropped": int(options.drop_leaks),
        },
        options=options.as_dict(),
        source_hash=source_hash(found),
        **counts(kept, of_earlier_spans=placing.known),
        **known,
    )


def counts(kept: pa.Table, of_earlier_spans: int = 0) -> dict:
    """The fields of a card that follow from the images kept."""
    labels = values(kept, "label")
    group_sizes = Counter(values(kept, "group"))
    sizes = [f"{w}x{h}" for w, h in zip(values(kept, "width"), values(kept, "height"), strict=True)]
    return {
        "kept": len(kept),
        "splits": count_splits(labels, values(kept, "split")),
        "formats": count_by(labels, values(kept, "format")),
        "sizes": {
            name: dict(list(own.items())[:MOST_VALUES]) for name, own in count_by(labels, sizes).items()
        },
        "sources": count_by(labels, values(kept, "source")),
        "methods": count_by(labels, values(kept, "method")),
        "columns": _columns(kept),
        "groups": {
            "count": len(group_sizes),
            "largest": max(group_sizes.values(), default=0),
            "images_in_shared_groups": sum(size for size in group_sizes.values() if size > 1),
            "of_earlier_spans": of_earlier_spans,
        },
        "near_copies": sum(values(kept, "near_copy")),
        "synthetic": dict(Counter(synthetic_makers(kept)).most_common()),
        "exact_copies": len(kept) - len(np.unique(values(kept, "sha256"))),
    }


def _columns(kept: pa.Table) -> dict[str, dict[str, int]]:
    tables: dict[str, Counter] = {}
    for row in table_rows(kept.select(["columns"])):
        for column, value in row["columns"].items():
            tables.setdefault(column, Counter())[value] += 1
    return {column: dict(counter.most_common(MOST_VALUES + 1)) for column, counter in sorted(tables.items())}


def leak_counts(kept: pa.Table) -> dict[str, int]:
    """Groups that lie in several splits, and their images."""
    splits_of: dict[str, set[str]] = {}
    groups = values(kept, "group")
    for group, split in zip(groups, values(kept, "split"), strict=True):
        splits_of.setdefault(group, set()).add(split)
    torn = {group for group, splits in splits_of.items() if len(splits) > 1}
    return {"groups": len(torn), "images": sum(group in torn for group in groups)}


def source_hash(found: pa.Table) -> str:
    """SHA-256 over the names and contents of images, or the reasons why they were refused."""
    digest = hashlib.sha256()
    columns = [values(found, key) for key in ("name", "sha256", "reason") if key in found.column_names]
    for name, *content in zip(*columns, strict=True):
        digest.update(f"{name}\0{next(filter(None, content))}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
