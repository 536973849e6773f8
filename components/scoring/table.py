"""The table of scores: one row an image and perturbation, kept as Parquet."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SCORES_FILE = "scores.parquet"
"""In the artifact of the step, or the folder of an evaluation."""

UNPERTURBED = "none"
"""`perturbation` of an image as it is."""

COLUMNS = {
    "split": pa.string(),
    "sha256": pa.string(),
    "label": pa.int8(),
    "score": pa.float32(),
    "perturbation": pa.string(),
    "severity": pa.float32(),
}
"""What every table has: split; SHA-256 of the image as it was imported; 0 real or 1 fake; P(fake) in [0, 1]; name of
the perturbation or `none`; its severity, in the unit of the perturbation, 0 where there is none. Further columns are
text, empty where an image has none: what `components.evaluator.slices.slice_values` says of the image as it was
imported, with `slice/` before a name that stands here already."""


def write_scores(table: pa.Table, folder: Path) -> Path:
    """Writes `SCORES_FILE` into a folder that exists and returns its path."""
    path = folder / SCORES_FILE
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(table, partial)
    partial.replace(path)
    return path


def read_scores(folder: Path) -> pa.Table:
    """Reads what `write_scores` wrote."""
    return pq.read_table(folder / SCORES_FILE)


def unperturbed(table: pa.Table, split: str | None = None) -> pa.Table:
    """The rows of images as they are, of one split or of all."""
    kept = table.filter(pc.equal(table["perturbation"], UNPERTURBED))
    return kept if split is None else kept.filter(pc.equal(kept["split"], split))
