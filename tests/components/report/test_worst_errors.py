"""The worst errors: those that the model is most sure of, once each, with their maps where the model can tell."""

import io

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from PIL import Image

from components.calibration import Calibration
from components.report.heat_map import open_image
from components.report.worst_errors import thumbnail, worst_errors
from components.scoring.table import COLUMNS
from data.example import FAKE, decode

CALIBRATION = Calibration(1.0, 0.5)


@pytest.fixture(scope="module")
def files(imported):
    """Record files of all splits."""
    return sorted(imported.glob("span-1/*.tfrecord.gz"))


@pytest.fixture(scope="module")
def records(files):
    """The records of the files, in their order."""
    return [
        decode(one)
        for file in files
        for one in tf.data.TFRecordDataset([str(file)], "GZIP").as_numpy_iterator()
    ]


def _table(rows):
    """A table of scores of the split `test`; rows of digest, label, score and perhaps a perturbation."""
    columns = [
        ["test"] * len(rows),
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] if len(row) > 3 else "none" for row in rows],
        [0.0] * len(rows),
    ]
    return pa.table(
        {name: pa.array(column, kind) for (name, kind), column in zip(COLUMNS.items(), columns, strict=True)}
    )


def _wrong_by(records, distances):
    """Scores of records that are that far from their labels."""
    return [
        (one.sha256, one.label, abs(one.label - distance))
        for one, distance in zip(records, distances, strict=False)
    ]


def test_the_most_wrongly_sure_come_first_and_what_is_right_never(bright_model, files, records):
    table = _table(_wrong_by(records, [0.6, 0.1, 0.9, 0.7, 0.2, 0.99]))
    found = worst_errors(bright_model, files, table, "test", CALIBRATION, most=3)
    assert [one.sha256 for one in found] == [records[place].sha256 for place in (5, 2, 3)]
    for one, place in zip(found, (5, 2, 3), strict=True):
        assert one.label == records[place].label
        assert (one.score >= CALIBRATION.threshold) != (one.label == FAKE)
        assert one.facts["source"] == records[place].source
        assert one.facts["size"] == "64 by 64"


def test_the_threshold_itself_is_fake(bright_model, files, records):
    real = next(one for one in records if one.label != FAKE)
    fake = next(one for one in records if one.label == FAKE)
    table = _table([(real.sha256, 0, 0.5), (fake.sha256, 1, 0.5)])
    [found] = worst_errors(bright_model, files, table, "test", CALIBRATION)
    assert found.sha256 == real.sha256


def test_copies_perturbations_and_other_splits_do_not_count_twice(bright_model, files, records):
    [(digest, label, score)] = _wrong_by(records[:1], [0.8])
    table = _table([(digest, label, score), (digest, label, score), (digest, label, score, "blur")])
    other = table.set_column(0, "split", pa.array(["val"] * 3))
    found = worst_errors(bright_model, files, pa.concat_tables([table, other]), "test", CALIBRATION)
    assert [one.sha256 for one in found] == [digest]


def test_an_image_that_is_gone_is_left_out(bright_model, files, records):
    table = _table([("f" * 64, 1, 0.0), *_wrong_by(records[:1], [0.8])])
    assert [one.sha256 for one in worst_errors(bright_model, files, table, "test", CALIBRATION)] == [
        records[0].sha256
    ]
    assert worst_errors(bright_model, [], table, "test", CALIBRATION) == ()
    assert worst_errors(bright_model, files, _table([]), "test", CALIBRATION) == ()


def test_each_has_its_picture_and_its_map(bright_model, files, records):
    [found] = worst_errors(bright_model, files, _table(_wrong_by(records[:1], [0.8])), "test", CALIBRATION)
    plain, drawn = (
        np.asarray(Image.open(io.BytesIO(one)), float) for one in (found.thumbnail, found.overlay)
    )
    original = np.asarray(open_image(records[0].encoded), float)
    assert plain.shape == drawn.shape == original.shape
    assert np.abs(plain - original).mean() < 6
    # The map of this model is the image in grey: where it is bright, most is covered.
    grey = original.mean(axis=-1)
    changed = np.abs(drawn - plain).mean(axis=-1)
    assert changed[grey > 150].mean() > 2 * changed[grey < 60].mean()


def test_a_model_without_explanations_shows_the_pictures_alone(bright_model, files, records, tmp_path):
    model = tf.saved_model.load(str(bright_model))
    tf.saved_model.save(
        model, str(tmp_path / "1"), signatures={"serving_bytes": model.signatures["serving_bytes"]}
    )
    [found] = worst_errors(tmp_path / "1", files, _table(_wrong_by(records[:1], [0.8])), "test", CALIBRATION)
    assert found.overlay is None
    assert found.thumbnail


@pytest.mark.parametrize(("size", "expected"), [((640, 320), (160, 80)), ((50, 40), (50, 40))])
def test_thumbnails_are_small_and_never_enlarged(size, expected):
    assert Image.open(io.BytesIO(thumbnail(Image.new("RGB", size)))).size == expected
