"""Scores single images through an exported model, as it is served."""

import dataclasses
import datetime
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import numpy as np
import pyarrow as pa
import tensorflow as tf
from PIL import Image

from components.evaluator.slices import slice_values
from components.progress import tell
from components.scoring.perturbations import Perturbation
from components.scoring.table import COLUMNS, UNPERTURBED
from components.trainer.assets import EXTRA_FOLDER, FACTS_FILE
from data import example
from data.errors import BadInputError

_SIGNATURE = "serving_bytes"
_SECONDS_BETWEEN_PASSING = 5.0
_SECONDS_BETWEEN_LOGGED = 60.0
_UNPERTURBED_IMAGES = (UNPERTURBED, 0.0)


def score_images(
    model_folder: Path,
    files_by_split: Mapping[str, Sequence[Path | str]],
    perturbations: Sequence[Perturbation] = (),
    perturbed_split: str = example.SPLITS[-1],
    batch_size: int = 32,
) -> pa.Table:
    """Scores every original of some records, and perturbed copies of those of one split.

    Synthetic images are left out: curves, thresholds and errors are those of originals. The Evaluator measures them,
    in the slice of their method.

    Images are read, perturbed and scored a batch at a time; what stays in memory is a row of numbers and words an
    image. How far it has come is told by `components.progress`.

    Args:
        model_folder: the SavedModel, with its `assets.extra`; loaded in this process.
        files_by_split: gzip TFRecord files of the project's records, by name of the split.
        perturbations: each scores all of `perturbed_split` once more. A copy that comes out smaller than the
            smallest face of the model, which would refuse it, is left out; how many are, is told.
        perturbed_split: name of a split.
        batch_size: images a batch.

    Returns:
        See `components.scoring.table`: split after split, the images as they are first, in the order of the records.

    Raises:
        BadInputError: a split holds no original, an image is smaller than the smallest face, or a record is broken.
        ValueError: the model has no signature `serving_bytes`.
    """
    score = _load(model_folder)
    smallest_face = _smallest_face(model_folder)
    totals = {split: _count(files) for split, files in files_by_split.items()}
    if empty := [split for split, total in totals.items() if not total]:
        raise BadInputError(
            f"Expected images to score in split {' and '.join(empty)}, found none that is not made of another image. "
            "Import synthetic images as one more span of the records of their parents, and measure those: they are a "
            "slice, method=MAKER."
        )
    copies = {split: tuple(perturbations) if split == perturbed_split else () for split in totals}
    progress = _Progress(sum(total * (1 + len(copies[split])) for split, total in totals.items()))
    images: list[dict[str, str | int]] = []
    scored: dict[tuple[str, str, float], _Scored] = {}
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for split, files in files_by_split.items():
            for records in _batches(files, batch_size):
                _check_sizes(records, smallest_face)
                first = len(images)
                images.extend(_facts(split, record) for record in records)
                for key, encoded in _variants(records, copies[split], pool):
                    large = [
                        number for number, one in enumerate(encoded) if _shorter_side(one) >= smallest_face
                    ]
                    into = scored.setdefault((split, *key), _Scored())
                    into.left_out += len(encoded) - len(large)
                    if large:
                        into.images.append(first + np.array(large))
                        into.scores.append(score([encoded[number] for number in large]))
                    progress.add(len(encoded))
    progress.end(scored)
    return _table(images, scored)


@dataclasses.dataclass
class _Scored:
    """Scores under one perturbation: a pair of arrays a batch, numbers of images and their scores."""

    images: list[np.ndarray] = dataclasses.field(default_factory=list)
    scores: list[np.ndarray] = dataclasses.field(default_factory=list)
    left_out: int = 0


class _Progress:
    """Tells how many scores there are, how fast they come, and how long it will take."""

    def __init__(self, total: int):
        self._total, self._done = total, 0
        self._began = self._told_at = self._logged_at = monotonic()

    def add(self, count: int) -> None:
        self._done += count
        now = monotonic()
        if now - self._told_at < _SECONDS_BETWEEN_PASSING:
            return
        speed = self._done / (now - self._began)
        left = datetime.timedelta(seconds=round((self._total - self._done) / speed))
        passing = now - self._logged_at < _SECONDS_BETWEEN_LOGGED
        tell(
            f"{self._done:,} of {self._total:,} images, {speed:.1f} images/s, {left} left",
            passing=passing,
        )
        self._told_at = now
        if not passing:
            self._logged_at = now

    def end(self, scored: Mapping[tuple[str, str, float], _Scored]) -> None:
        for (split, name, _), one in scored.items():
            if one.left_out:
                tell(f"{split}, {name}: {one.left_out:,} images left out, smaller than the smallest face")
        tell(f"{self._done:,} images scored, {self._done / (monotonic() - self._began):.1f} images/s")


def _load(model_folder: Path) -> Callable[[Sequence[bytes]], np.ndarray]:
    model = tf.saved_model.load(str(model_folder))
    if _SIGNATURE not in model.signatures:
        raise ValueError(
            f"Expected a detector with the signature '{_SIGNATURE}' in '{model_folder}', received one with "
            f"{', '.join(sorted(model.signatures)) or 'none'}. Give a version that this project exported."
        )

    def score(encoded: Sequence[bytes]) -> np.ndarray:
        # Through `model`: a signature alone does not keep its variables alive.
        return model.signatures[_SIGNATURE](image_bytes=tf.constant(encoded))["score"].numpy()

    return score


def _smallest_face(model_folder: Path) -> int:
    facts = json.loads((model_folder / EXTRA_FOLDER / FACTS_FILE).read_text())
    return facts["input"]["smallest_face"]


def _originals(files: Sequence[Path | str]) -> tf.data.Dataset:
    records = tf.data.TFRecordDataset([str(file) for file in files], "GZIP")
    maker = {example.MAKER_KEY: tf.io.FixedLenFeature([], tf.string, default_value="")}
    return records.filter(lambda one: tf.io.parse_single_example(one, maker)[example.MAKER_KEY] == "")


def _count(files: Sequence[Path | str]) -> int:
    # Unpacking alone takes a small part of the time that scoring does.
    return int(_originals(files).reduce(np.int64(0), lambda count, _: count + 1).numpy()) if files else 0


def _batches(files: Sequence[Path | str], batch_size: int) -> Iterator[list[example.Record]]:
    for batch in _originals(files).batch(batch_size).as_numpy_iterator():
        yield [example.decode(serialized) for serialized in batch]


def _check_sizes(records: Sequence[example.Record], smallest_face: int) -> None:
    for record in records:
        if min(record.width, record.height) < smallest_face:
            raise BadInputError(
                f"Expected images with a shorter side of at least {smallest_face} pixels, which the model accepts, "
                f"received one of {record.width}x{record.height} ({record.sha256}). Import the images anew with a "
                f"smallest face of {smallest_face}."
            )


def _variants(
    records: Sequence[example.Record], perturbations: Sequence[Perturbation], pool: ThreadPoolExecutor
) -> Iterator[tuple[tuple[str, float], list[bytes]]]:
    """Name and severity, and the images: as they are, then perturbed; while one is scored, the next is made."""
    originals = [record.encoded for record in records]
    ready = (_UNPERTURBED_IMAGES, originals)
    for one in perturbations:
        made = [pool.submit(one.apply, encoded) for encoded in originals]
        yield ready
        ready = ((one.name, one.severity), [future.result() for future in made])
    yield ready


def _shorter_side(encoded: bytes) -> int:
    with Image.open(io.BytesIO(encoded)) as image:
        return min(image.size)


def _facts(split: str, record: example.Record) -> dict[str, str | int]:
    # An annotated column may have the name of a column that every table has.
    values = {
        example.COLUMN_PREFIX + name if name in COLUMNS else name: text
        for name, text in slice_values(record).items()
    }
    return values | {"split": split, "sha256": record.sha256, "label": record.label}


def _table(
    images: Sequence[Mapping[str, str | int]], scored: Mapping[tuple[str, str, float], _Scored]
) -> pa.Table:
    slices = dict.fromkeys(name for facts in images for name in facts if name not in COLUMNS)
    of_image = {name: COLUMNS.get(name, pa.string()) for name in ("split", "sha256", "label", *slices)}
    facts = pa.table(
        {name: pa.array([one.get(name) for one in images], kind) for name, kind in of_image.items()}
    )
    parts = []
    for (_, name, severity), one in scored.items():
        if not one.images:
            continue
        part = facts.take(pa.array(np.concatenate(one.images)))
        part = part.append_column("score", pa.array(np.concatenate(one.scores), COLUMNS["score"]))
        for column, value in (("perturbation", name), ("severity", severity)):
            part = part.append_column(column, pa.array([value] * len(part), COLUMNS[column]))
        parts.append(part)
    return pa.concat_tables(parts).select([*COLUMNS, *slices])
