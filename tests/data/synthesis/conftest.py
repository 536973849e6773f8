"""Records written on the spot, and a maker of the tests' own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from plain_makers import Inverting

from data.example import LABEL_NAMES, Record
from data.example import encode as encode_record
from data.image_table import make_table, row_of, with_columns, write_table
from data.images.decode_check import Limits, inspect_image
from data.record_folder import CARD_FILE, span_folder
from data.shards import record_writer
from data.sources import SourceImage


@pytest.fixture
def inverting() -> Inverting:
    return Inverting()


@pytest.fixture(scope="session")
def write_records() -> Callable[..., Path]:
    """``write_records(root, *spans)``: imported records, of spans that are lists of images.

    An image is a dict of ``encoded``, ``label`` and ``split``.
    """

    def write(root: Path, *spans: list[dict]) -> Path:
        for number, images in enumerate(spans, start=1):
            folder = span_folder(root, number)
            folder.mkdir(parents=True)
            (folder / CARD_FILE).write_text("{}")
            rows = []
            for split in ("train", "val", "test"):
                with record_writer(folder / f"{split}-00000-of-00001.tfrecord.gz") as writer:
                    for image in (one for one in images if one["split"] == split):
                        rows.append((image, *_write(writer, number, image)))
            table = make_table(row for _, _, row in rows)
            columns = {
                "split": [image["split"] for image, _, _ in rows],
                "group": [group for _, group, _ in rows],
            }
            write_table(folder, with_columns(table, columns))
        return root

    return write


def _write(writer, span: int, image: dict) -> tuple[str, dict]:
    facts = inspect_image(image["encoded"], Limits(grey_allowed=True))
    group, method = facts.sha256[:16], "none" if image["label"] == 0 else "swap"
    known = {
        name: getattr(facts, name)
        for name in ("width", "height", "channels", "format", "sha256", "jpeg_quality")
    }
    record = Record(
        image["encoded"], image["label"], group=group, source="own", method=method, span=span, **known
    )
    writer.write(encode_record(record))
    name = f"{LABEL_NAMES[image['label']]}/{facts.sha256}"
    return group, row_of(SourceImage("", name, image["label"], "own", method), facts)


@pytest.fixture(scope="session")
def reals(picture, encode, write_records, tmp_path_factory) -> Path:
    """Records of 24 real images for training, JPEG and PNG, and of some others; tests share them."""
    images = [
        {
            "encoded": encode(picture(seed), "JPEG" if seed % 4 else "PNG"),
            "label": label,
            "split": split,
        }
        for seed, (label, split) in enumerate(
            [(0, "train")] * 24 + [(1, "train")] * 3 + [(0, "val")] * 2 + [(0, "test")] * 5
        )
    ]
    order = np.random.default_rng(0).permutation(len(images))
    return write_records(tmp_path_factory.mktemp("reals") / "records", [images[at] for at in order])
