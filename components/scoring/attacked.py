"""Scores images that were attacked with the detector's own gradients: what somebody who has the model could do."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

import numpy as np
import pyarrow as pa
import tensorflow as tf

from components import preprocessing
from components.attacks.attacker import Attacker
from components.errors import WeightsError
from components.progress import tell
from components.scoring.attack_names import KINDS, AttackName
from components.scoring.table import COLUMNS, unperturbed
from components.settings import AttackSettings
from components.trainer.assets import EXTRA_FOLDER, FACTS_FILE, KERAS_FILE, load_detector
from data import example

_SIGNATURE = "score_pixels"
_RECORDS_AT_ONCE = 64


def with_attacked(
    table: pa.Table,
    model_folder: Path,
    files: Sequence[Path | str],
    split: str,
    settings: AttackSettings,
    batch_size: int = 16,
) -> pa.Table:
    """Adds the scores of attacked images to a table of scores.

    An image is decoded and resized as for training and serving, attacked by FGSM and PGD at every epsilon, rounded to
    the 8 bits that a file holds, and scored by the export. The gradients are those of the Keras model beside it: the
    export has none. It is always the same images, as many of each class where there are so many, from the same
    random starts: by SHA-256.

    Args:
        table: with the images as they are; see `components.scoring.table`.
        model_folder: the SavedModel, with its `assets.extra`.
        files: gzip TFRecord files of the split.
        split: its name in the table.
        settings: how many images, and how strong.
        batch_size: images attacked at once.

    Returns:
        The table and, for each attack, a row an image; the table alone when no images are asked for, or when the
        model has no gradients, which is told.
    """
    if not settings.images:
        return table
    extra, began = model_folder / EXTRA_FOLDER, monotonic()
    if not (extra / KERAS_FILE).is_file():
        tell(f"not attacked: the model has no {KERAS_FILE}, whose gradients an attack needs")
        return table
    try:
        model = load_detector(extra)
    except WeightsError as error:
        tell(f"not attacked: {error}")
        return table
    served = tf.saved_model.load(str(model_folder))
    facts = json.loads((extra / FACTS_FILE).read_text())["input"]
    size, smallest_face = facts["size"], facts["smallest_face"]
    attacker = Attacker(lambda pixels: model(pixels, training=False), size)
    sample = _sample(files, settings.images)
    scored: dict[AttackName, list[np.ndarray]] = {}
    for first in range(0, len(sample), batch_size):
        records = sample[first : first + batch_size]
        images = preprocessing.decode_and_resize(
            tf.constant([record.encoded for record in records]), size, smallest_face
        ).numpy()
        for name, attacked in _attacked(attacker, images, records, settings):
            # Through `served`: a signature alone does not keep its variables alive.
            answer = served.signatures[_SIGNATURE](pixels=preprocessing.normalise(attacked))
            scored.setdefault(name, []).append(answer["score"].numpy())
        tell(f"{first + len(records):,} of {len(sample):,} images attacked", passing=True)
    tell(f"{len(sample):,} images attacked, {len(scored)} times each, {monotonic() - began:.0f} s")
    facts_of = _rows_of(unperturbed(table, split), sample)
    return pa.concat_tables([table, *(_rows(facts_of, name, scores) for name, scores in scored.items())])


def _sample(files: Sequence[Path | str], images: int) -> list[example.Record]:
    """The originals that come first by SHA-256, up to half of `images` of each class."""
    kept: dict[int, list[example.Record]] = {example.REAL: [], example.FAKE: []}
    dataset = tf.data.TFRecordDataset([str(file) for file in files], "GZIP")
    for batch in dataset.batch(_RECORDS_AT_ONCE).as_numpy_iterator():
        for record in map(example.decode, batch):
            if record.synthetic is None:
                kept[record.label].append(record)
        # No more than so many stay in memory, whatever there is.
        kept = {label: _first(found, images // 2) for label, found in kept.items()}
    return _first([record for found in kept.values() for record in found], images)


def _first(records: list[example.Record], most: int) -> list[example.Record]:
    return sorted(records, key=lambda record: record.sha256)[:most]


def _attacked(
    attacker: Attacker, images: np.ndarray, records: Sequence[example.Record], settings: AttackSettings
) -> Iterator[tuple[AttackName, np.ndarray]]:
    labels = np.array([record.label for record in records])
    # 60 bits, which any seed may have.
    seeds = [int(record.sha256[:15], 16) for record in records]
    for method in KINDS:
        for epsilon in settings.epsilons:
            if method == "fgsm":
                yield AttackName(method, epsilon), attacker.fgsm(images, labels, epsilon)
            else:
                yield (
                    AttackName(method, epsilon),
                    attacker.pgd(images, labels, epsilon, settings.steps, seeds),
                )


def _rows_of(plain: pa.Table, sample: Sequence[example.Record]) -> pa.Table:
    """What the table says of the images of a sample, in its order."""
    place = {sha256: number for number, sha256 in enumerate(plain["sha256"].to_pylist())}
    return plain.take(pa.array([place[record.sha256] for record in sample], pa.int64()))


def _rows(facts: pa.Table, name: AttackName, scores: Sequence[np.ndarray]) -> pa.Table:
    values = {
        "score": np.concatenate(scores),
        "perturbation": [str(name)] * len(facts),
        "severity": [float(name.epsilon)] * len(facts),
    }
    for column, value in values.items():
        place = facts.column_names.index(column)
        facts = facts.set_column(place, column, pa.array(value, COLUMNS[column]))
    return facts
