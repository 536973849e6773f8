"""Records on disk."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from data import example


@pytest.fixture(scope="session")
def write_records() -> Callable[..., Path]:
    """``write_records(path, records)``: writes a gzip TFRecord file, and the folders above it."""

    def write(path: Path, records) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for one in records:
                writer.write(example.encode(one))
        return path

    return write
