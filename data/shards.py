"""The record files: which image goes into which, and writing one."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.decode_check import read_file
from data.example import SPLITS, Record, encode
from data.inspection import Inspected
from data.quarantine import RejectedImageError


@dataclass(frozen=True)
class Placed:
    """An inspected image with its group and split."""

    inspected: Inspected
    group: str
    split: str


@dataclass(frozen=True)
class Shard:
    """One record file to be written: its name, its split, and its images in their order."""

    file: str
    split: str
    images: tuple[Placed, ...]


def plan_shards(images: Sequence[Placed], images_per_shard: int, seed: int) -> list[Shard]:
    """Cuts each split into shards of nearly equal size.

    Within a split the order is shuffled by ``seed``, so that a reader that takes records as they come meets
    both classes; it depends on the images' names and contents only.

    Returns:
        The shards, named ``train-00000-of-00002.tfrecord.gz`` and so on; every split has at least one.
    """
    shards = []
    for split in SPLITS:
        own = sorted(
            (image for image in images if image.split == split), key=lambda image: _draw(seed, image)
        )
        count = max(1, -(-len(own) // images_per_shard))
        for number in range(count):
            part = own[number * len(own) // count : (number + 1) * len(own) // count]
            shards.append(Shard(f"{split}-{number:05d}-of-{count:05d}.tfrecord.gz", split, tuple(part)))
    return shards


def write_shard(shard: Shard, folder: str, max_bytes: int) -> str:
    """Reads the shard's images again and writes them, one at a time, as a gzip TFRecord file into ``folder``.

    Equal images give equal bytes.

    Returns:
        A line of JSON: file, split, images, sha256 (of the file written), and changed: names of the images
        whose files are no longer what the inspection saw. Where that list is not empty the shard is unusable.
        (It is a result and no exception because Beam turns exceptions into text.)
    """
    import tensorflow as tf

    changed = []
    path = Path(folder) / shard.file
    # Images are compressed already; the pipeline wants .gz, so the fastest level does.
    options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=1)
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for placed in shard.images:
            encoded = _read_unchanged(placed.inspected, max_bytes)
            if encoded is None:
                changed.append(placed.inspected.image.name)
            else:
                writer.write(encode(_record(placed, encoded)))
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return json.dumps(
        {
            "file": shard.file,
            "split": shard.split,
            "images": len(shard.images),
            "sha256": digest.hexdigest(),
            "changed": changed,
        }
    )


def _read_unchanged(inspected: Inspected, max_bytes: int) -> bytes | None:
    try:
        encoded = read_file(inspected.image.path, max_bytes)
    except RejectedImageError:
        return None
    return encoded if hashlib.sha256(encoded).hexdigest() == inspected.facts.sha256 else None


def _record(placed: Placed, encoded: bytes) -> Record:
    image, facts = placed.inspected.image, placed.inspected.facts
    return Record(
        encoded=encoded,
        label=image.label,
        width=facts.width,
        height=facts.height,
        channels=facts.channels,
        format=facts.format,
        sha256=facts.sha256,
        jpeg_quality=facts.jpeg_quality,
        group=placed.group,
        source=image.source,
        method=image.method,
    )


def _draw(seed: int, placed: Placed) -> bytes:
    name, sha256 = placed.inspected.image.name, placed.inspected.facts.sha256
    return hashlib.sha256(f"{seed}:{name}:{sha256}".encode(errors="surrogateescape")).digest()
