"""The images that a model is most wrongly sure of, and where it looked."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import tensorflow as tf
from PIL import Image

from components.calibration import Calibration
from components.report.facts import ExplainedImage
from components.report.heat_map import open_image, overlay
from components.scoring.table import unperturbed
from data.example import FAKE, METHOD_OF_REALS, Record, decode

MOST = 12
"""So many are shown."""

_SIGNATURE = "explain"
_THUMBNAIL_SIDE, _THUMBNAIL_QUALITY = 160, 85


def worst_errors(
    model_folder: Path,
    files: Sequence[Path | str],
    scores: pa.Table,
    split: str,
    calibration: Calibration,
    most: int = MOST,
) -> tuple[ExplainedImage, ...]:
    """Looks up and explains the errors whose scores are farthest from the label.

    The records are read once, and only the images that are shown stay in memory.

    Args:
        model_folder: the SavedModel; loaded to draw the maps, if it has the signature `explain`.
        files: gzip TFRecord files of the split's records.
        scores: see `components.scoring.table`.
        split: as in its column `split`.
        calibration: says what is an error.
        most: so many at most.

    Returns:
        The worst first, of copies one; images that the files do not hold are left out.
    """
    wanted = _wrong(unperturbed(scores, split), calibration, most)
    records = _find(set(wanted), files)
    shown = [digest for digest in wanted if digest in records]
    overlays = _overlays(model_folder, [records[digest].encoded for digest in shown])
    return tuple(
        ExplainedImage(
            sha256=digest,
            label=records[digest].label,
            score=wanted[digest],
            thumbnail=thumbnail(open_image(records[digest].encoded)),
            overlay=overlay,
            facts=_facts(records[digest]),
        )
        for digest, overlay in zip(shown, overlays, strict=True)
    )


def thumbnail(image: Image.Image) -> bytes:
    """A JPEG of at most 160 pixels a side; smaller images keep their size.

    Args:
        image: RGB; made smaller in place.
    """
    image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_THUMBNAIL_QUALITY)
    return buffer.getvalue()


def _wrong(table: pa.Table, calibration: Calibration, most: int) -> dict[str, float]:
    """Scores of the worst errors by SHA-256, the worst first; the order of the table breaks ties."""
    labels, scores = table["label"].to_numpy(), table["score"].to_numpy()
    # As the model decides: in single precision.
    is_wrong = (scores >= np.float32(calibration.threshold)) != (labels == FAKE)
    distance = np.where(is_wrong, np.abs(scores - labels), -1.0)
    worst: dict[str, float] = {}
    for row in np.argsort(-distance, kind="stable"):
        if distance[row] < 0 or len(worst) == most:
            break
        worst.setdefault(table["sha256"][int(row)].as_py(), float(scores[row]))
    return worst


def _find(wanted: set[str], files: Sequence[Path | str]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    if not wanted or not files:
        return found
    for serialized in tf.data.TFRecordDataset([str(file) for file in files], "GZIP").as_numpy_iterator():
        record = decode(serialized)
        if record.sha256 in wanted:
            found[record.sha256] = record
            if len(found) == len(wanted):
                break
    return found


def _overlays(model_folder: Path, images: Sequence[bytes]) -> list[bytes | None]:
    if not images:
        return []
    model = tf.saved_model.load(str(model_folder))
    if _SIGNATURE not in model.signatures:
        return [None] * len(images)
    explain: Callable[..., dict[str, tf.Tensor]] = model.signatures[_SIGNATURE]
    # One at a time: a batch of large backbones' gradients may be more than a small machine has.
    return [
        thumbnail(overlay(open_image(image), explain(image_bytes=tf.constant([image]))["map"].numpy()[0]))
        for image in images
    ]


def _facts(record: Record) -> dict[str, str]:
    facts = {"source": record.source}
    if record.method != METHOD_OF_REALS:
        facts["method"] = record.method
    facts |= {"format": record.format.upper(), "size": f"{record.width} by {record.height}"}
    if record.jpeg_quality:
        facts["jpeg_quality"] = str(record.jpeg_quality)
    return facts | dict(record.columns)
