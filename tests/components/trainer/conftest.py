"""Records as Transform writes them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.dataset import TransformedSplit
from components.transform import IMAGE_PNG, LABEL, SYNTHETIC

SIZE = 32


@pytest.fixture(scope="session")
def write_transformed(encode) -> Callable[[Path, np.ndarray, np.ndarray], str]:
    """``write_transformed(path, pixels, labels, makers=None)``: records as Transform writes them; returns the path.

    Without ``makers`` they are as Transform wrote them before there were any.
    """

    def write(path: Path, pixels: np.ndarray, labels: np.ndarray, makers: Sequence[str] | None = None) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for number, (one, label) in enumerate(zip(pixels, labels, strict=True)):
                features = {
                    IMAGE_PNG: tf.train.Feature(bytes_list=tf.train.BytesList(value=[encode(one)])),
                    LABEL: tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                }
                if makers is not None:
                    maker = tf.train.BytesList(value=[makers[number].encode()])
                    features[SYNTHETIC] = tf.train.Feature(bytes_list=maker)
                message = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(message.SerializeToString())
        return str(path)

    return write


@pytest.fixture(scope="session")
def make_pictures(picture) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """``make_pictures(count, first=0)``: uint8 `[count, 32, 32, 3]` and labels in turn."""

    def make(count: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(count) % 2
        return np.stack([picture(labels[n], first + n, SIZE, SIZE) for n in range(count)]), labels

    return make


@pytest.fixture(scope="session")
def make_split(write_transformed, make_pictures, tmp_path_factory) -> Callable[..., TransformedSplit]:
    """``make_split(count, first=0, batch_size=8)``: a split of pictures of both classes in turn."""

    def make(count: int, first: int = 0, batch_size: int = 8) -> TransformedSplit:
        path = tmp_path_factory.mktemp("split") / "transformed_examples.gz"
        return TransformedSplit([write_transformed(path, *make_pictures(count, first))], SIZE, batch_size)

    return make
