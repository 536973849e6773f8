"""The table holds the score that the served model gives each image and each perturbed copy."""

import dataclasses
import logging

import numpy as np
import pytest
import tensorflow as tf

from components.evaluator.slices import slice_values
from components.progress import PROGRESS
from components.scoring import scorer
from components.scoring.perturbations import PERTURBATIONS
from components.scoring.scorer import score_images
from components.scoring.table import COLUMNS, UNPERTURBED, read_scores, unperturbed, write_scores
from data.errors import BadInputError
from data.example import Synthetic

_SOME = tuple(one for one in PERTURBATIONS if one.name in ("jpeg-50", "noise-0.05", "crop-0.8"))


@pytest.fixture(scope="module")
def served(exported):
    """``served(images)``: what the export's own signature answers, one image at a time."""
    model = tf.saved_model.load(str(exported.folder))
    answer = model.signatures["serving_bytes"]
    return lambda images: [float(answer(image_bytes=tf.constant([one]))["score"][0]) for one in images]


@pytest.fixture(scope="module")
def files(write_records, held_out, tmp_path_factory):
    """Sixty records: 20 of the split `val`, 40 of `test` in two files."""
    folder = tmp_path_factory.mktemp("records")
    parts = {"val-0": held_out[:20], "test-0": held_out[20:45], "test-1": held_out[45:]}
    paths = {name: write_records(folder / f"{name}.gz", records) for name, records in parts.items()}
    return {"val": [paths["val-0"]], "test": [paths["test-0"], paths["test-1"]]}


@pytest.fixture(scope="module")
def table(exported, files):
    return score_images(exported.folder, files, _SOME, batch_size=16)


def test_scores_are_those_of_keras(exported, record, write_records, tmp_path):
    records = [record(image, number % 2, number) for number, image in enumerate(exported.images)]
    found = score_images(exported.folder, {"test": [write_records(tmp_path / "test.gz", records)]})
    np.testing.assert_allclose(found["score"], exported.scores, atol=1e-5)


def test_images_as_they_are_come_in_the_order_of_the_records(table, held_out, served):
    plain = unperturbed(table)
    assert plain["split"].to_pylist() == ["val"] * 20 + ["test"] * 40
    assert plain["sha256"].to_pylist() == [one.sha256 for one in held_out]
    assert plain["label"].to_pylist() == [one.label for one in held_out]
    assert plain["severity"].unique().to_pylist() == [0.0]
    np.testing.assert_allclose(plain["score"], served([one.encoded for one in held_out]), atol=1e-6)


@pytest.mark.parametrize("one", _SOME, ids=lambda one: one.name)
def test_perturbed_copies_are_of_the_test_split_alone_and_scored_as_such(one, table, held_out, served):
    rows = [row for row in table.to_pylist() if row["perturbation"] == one.name]
    assert {row["split"] for row in rows} == {"test"}
    assert [row["sha256"] for row in rows] == [record.sha256 for record in held_out[20:]]
    assert {row["severity"] for row in rows} == {float(np.float32(one.severity))}
    expected = served([one.apply(record.encoded) for record in held_out[20:]])
    np.testing.assert_allclose([row["score"] for row in rows], expected, atol=1e-6)


def test_columns_are_those_of_every_table_and_the_slices_of_the_records(table, held_out):
    slices = [slice_values(one) for one in held_out]
    assert len(slices[0]) > 1
    assert table.column_names[: len(COLUMNS)] == list(COLUMNS)
    assert {name: table.schema.field(name).type for name in COLUMNS} == COLUMNS
    plain = unperturbed(table)
    assert set(table.column_names[len(COLUMNS) :]) == set(slices[0])
    assert plain.select(list(slices[0])).to_pylist() == slices


def test_a_column_that_only_some_records_have_is_empty_for_the_others(
    exported, record, picture, encode, write_records, tmp_path
):
    records = [
        # A name that is no UTF-8 cannot be kept as it is; `score` is taken.
        record(encode(picture(0, 0)), 0, 0, columns={"light": "dim", "score": "high"}, source="caf\udce9"),
        record(encode(picture(1, 1)), 1, 1),
    ]
    found = score_images(exported.folder, {"test": [write_records(tmp_path / "test.gz", records)]})
    assert found["light"].to_pylist() == ["dim", None]
    assert found["slice/score"].to_pylist() == ["high", None]
    assert found["source"].to_pylist() == ["caf\ufffd", "faces"]
    write_scores(found, tmp_path)
    assert read_scores(tmp_path).equals(found)


def test_the_size_of_a_batch_changes_nothing_but_rounding(exported, files, table):
    other = score_images(exported.folder, files, _SOME, batch_size=7)
    same = [name for name in table.column_names if name != "score"]
    assert other.select(same).equals(table.select(same))
    np.testing.assert_allclose(other["score"], table["score"], atol=1e-6)


def test_a_copy_below_the_smallest_face_is_left_out_and_counted(
    exported, record, picture, encode, write_records, tmp_path, caplog
):
    # The model takes sides of at least 20 pixels: 0.8 of 24 is 19, and of 25 it is 20.
    records = [
        record(encode(picture(number % 2, number, side, side)), number % 2, number, width=side, height=side)
        for number, side in enumerate((24, 25, 24))
    ]
    files = {"test": [write_records(tmp_path / "test.gz", records)]}
    with caplog.at_level(logging.INFO, "absl"):
        found = score_images(exported.folder, files, _SOME)
    shas = {name: found.filter(_is(found, name))["sha256"].to_pylist() for name in ("jpeg-50", "crop-0.8")}
    assert shas == {"jpeg-50": [one.sha256 for one in records], "crop-0.8": [records[1].sha256]}
    told = [one.args[0] for one in caplog.records if one.msg == PROGRESS]
    assert told[0] == "test, crop-0.8: 2 images left out, smaller than the smallest face"
    assert told[1].startswith("12 images scored, ")


def test_an_image_below_the_smallest_face_is_refused(
    exported, record, picture, encode, write_records, tmp_path
):
    small = record(encode(picture(0, 0, 19, 30)), 0, 0, width=30, height=19)
    with pytest.raises(BadInputError, match=r"at least 20 pixels.*received one of 30x19 \(0000"):
        score_images(exported.folder, {"test": [write_records(tmp_path / "test.gz", [small])]})


def test_a_split_without_images_is_named(exported, files, write_records, tmp_path):
    empty = write_records(tmp_path / "test.gz", [])
    with pytest.raises(BadInputError, match="in split test, found none"):
        score_images(exported.folder, {"val": files["val"], "test": [empty]})
    with pytest.raises(BadInputError, match="in split val and test, found none"):
        score_images(exported.folder, {"val": [], "test": [empty]})


def test_images_that_were_made_of_others_are_left_out(exported, held_out, write_records, tmp_path):
    made = Synthetic("blend", "", held_out[0].sha256, 1, 0.5)
    children = [dataclasses.replace(one, method="blend", synthetic=made) for one in held_out[2:5]]
    files = [write_records(tmp_path / "test.gz", [held_out[0], *children, held_out[1]])]
    found = score_images(exported.folder, {"test": files})
    assert found["sha256"].to_pylist() == [one.sha256 for one in held_out[:2]]
    with pytest.raises(BadInputError, match="none that is not made of another"):
        score_images(exported.folder, {"test": [write_records(tmp_path / "made.gz", children)]})


def test_a_model_without_the_signature_is_named(exported, files, tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path / "other"))
    with pytest.raises(ValueError, match=r"signature 'serving_bytes' in .*other', received one with none"):
        score_images(tmp_path / "other", files)


def test_progress_is_told_while_it_scores(exported, files, monkeypatch):
    told = []
    monkeypatch.setattr(scorer, "_SECONDS_BETWEEN_PASSING", 0.0)
    monkeypatch.setattr(scorer, "tell", lambda text, passing=False: told.append((text, passing)))
    score_images(exported.folder, files, _SOME, batch_size=20)
    first, *_, last = told
    assert first[0].startswith("20 of 180 images, ")
    assert first[0].endswith(" left")
    assert first[1]
    assert last[0].startswith("180 images scored, ")
    assert not last[1]


def _is(table, name):
    return [one == name for one in table["perturbation"].to_pylist()]


def test_nothing_is_perturbed_unless_asked_for(exported, files):
    found = score_images(exported.folder, files)
    assert found["perturbation"].unique().to_pylist() == [UNPERTURBED]
    assert len(found) == 60
