"""The record files: which image goes into which, and writing one."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.example import SPLITS, Record, encode
from data.image_table import Row, fact_values, source_image, table_rows, values
from data.images.decode_check import Limits, inspect_image
from data.images.harmonising import Form, harmonise
from data.listing import read_rows, write_rows
from data.quarantine import RejectedImageError
from data.reading import read_image

_RECORD_FACTS = ("width", "height", "channels", "format", "sha256", "jpeg_quality")
_HASHES = ("perceptual_hash", "cropped_hashes")


@dataclass(frozen=True)
class Shard:
    """One record file to be written.

    Attributes:
        file: its name.
        split: its split.
        images: number of images.
        plan: file of the rows to write, in their order (:mod:`data.listing`); with ``group`` and ``split``.
    """

    file: str
    split: str
    images: int
    plan: str

    @property
    def new_facts(self) -> Path:
        """Where the facts of re-encoded images are left, in the order of the plan."""
        return Path(self.plan).with_suffix(".facts")


def plan_shards(
    table: pa.Table, images_per_shard: int, seed: int, scratch: Path
) -> tuple[list[Shard], np.ndarray]:
    """Cuts each split into shards of nearly equal size.

    Within a split the order is shuffled by ``seed``, so that a reader that takes records as they come meets both
    classes; it depends on the images' names and contents only.

    Args:
        table: images with ``group`` and ``split``, see :mod:`data.image_table`.
        images_per_shard: most images of a shard.
        seed: draws another order.
        scratch: folder for the plans.

    Returns:
        The shards, named ``train-00000-of-00002.tfrecord.gz`` and so on, at least one a split; and the rows of the
        table in the order of the records, split after split.
    """
    draws = [_draw(seed, *key) for key in zip(values(table, "name"), values(table, "sha256"), strict=True)]
    splits = np.array(values(table, "split"))
    shards, order = [], []
    for split in SPLITS:
        own = sorted(np.flatnonzero(splits == split), key=draws.__getitem__)
        start = len(order)
        order.extend(own)
        for file, size in shard_names(split, len(own), images_per_shard):
            part = order[start : start + size]
            start += size
            plan = scratch / f"{file}.plan"
            write_rows(plan, table_rows(table.take(pa.array(part, pa.int64()))))
            shards.append(Shard(file, split, size, str(plan)))
    return shards, np.array(order, dtype=np.int64)


def shard_names(split: str, images: int, images_per_shard: int) -> list[tuple[str, int]]:
    """Names and sizes of the record files of a split: nearly equal sizes, at least one file."""
    count = max(1, -(-images // images_per_shard))
    return [
        (
            f"{split}-{number:05d}-of-{count:05d}.tfrecord.gz",
            (number + 1) * images // count - number * images // count,
        )
        for number in range(count)
    ]


@dataclass(frozen=True)
class ShardWriter:
    """Writes shards.

    Attributes:
        folder: where to.
        limits: those of the inspection.
        span: number of the delivery.
        form: what every image is brought to; None to store the bytes as they came.
    """

    folder: str
    limits: Limits
    span: int
    form: Form | None = None

    def write(self, shard: Shard) -> str:
        """Reads the shard's images again and writes them, one at a time, as a gzip TFRecord file.

        Equal images give equal bytes.

        Returns:
            A line of JSON: file, split, images, sha256 (of the file written), and changed: names of the images whose
            files are no longer what the inspection saw. Where that list is not empty the shard is unusable. (It is
            a result and no exception because Beam turns exceptions into text.)
        """
        changed, new_facts = [], []
        path = Path(self.folder) / shard.file
        with record_writer(path) as writer:
            for row in read_rows(Path(shard.plan)):
                encoded = self._read_unchanged(row)
                if encoded is None:
                    changed.append(row["name"])
                    continue
                if self.form:
                    encoded = harmonise(encoded, self.form)
                    facts = fact_values(inspect_image(encoded, Limits(smallest_face=1, grey_allowed=True)))
                    row |= facts
                    new_facts.append(facts)
                writer.write(encode(self._record(row, encoded)))
        if self.form:
            write_rows(shard.new_facts, new_facts)
        return json.dumps(
            {
                "file": shard.file,
                "split": shard.split,
                "images": shard.images,
                "sha256": file_sha256(path),
                "changed": changed,
            }
        )

    def _read_unchanged(self, row: Row) -> bytes | None:
        try:
            encoded = read_image(source_image(row), self.limits)
        except RejectedImageError:
            return None
        return encoded if hashlib.sha256(encoded).hexdigest() == row["sha256"] else None

    def _record(self, row: Row, encoded: bytes) -> Record:
        image = source_image(row)
        return Record(
            encoded=encoded,
            label=image.label,
            group=row["group"],
            source=image.source,
            method=image.method,
            columns=image.columns,
            synthetic=image.synthetic,
            span=self.span,
            **{fact: row[fact] for fact in _RECORD_FACTS},
        )


def new_facts_of(shards: Sequence[Shard]) -> dict[str, list]:
    """The facts of re-encoded images, by column, in the order of the records.

    Without their hashes: copies in later spans are looked for among images as they came, uncut and unsqueezed.
    """
    rows = [row for shard in shards for row in read_rows(shard.new_facts)]
    return {column: [row[column] for row in rows] for column in rows[0] if column not in _HASHES}


def record_writer(path: Path):
    """A ``tf.io.TFRecordWriter`` of a record file.

    Images are compressed already: the file is a gzip for the pipeline, which wants one, without compressing.
    """
    import tensorflow as tf

    return tf.io.TFRecordWriter(
        str(path), tf.io.TFRecordOptions(compression_type="GZIP", compression_level=0)
    )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _draw(seed: int, name: str, sha256: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}:{sha256}".encode(errors="surrogateescape")).digest()
