"""What was made of an image that a model has learned from is not new to it."""

import io
import json
import shutil

import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image, ImageEnhance

from data.errors import BadInputError
from data.example import decode
from data.importing import import_images
from data.record_folder import record_files
from pipeline.commands.evaluate import evaluate
from pipeline.evaluation import novelty
from pipeline.evaluation.learned_from import images_learned_from, images_of


def _children(folder, records, split):
    """A darker copy of each image of a split, and the list of them."""
    folder.mkdir()
    files = [str(file) for file in record_files(records, split)]
    rows = []
    for number, one in enumerate(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()):
        parent = decode(one)
        image = ImageEnhance.Brightness(Image.open(io.BytesIO(parent.encoded))).enhance(0.8)
        image.save(folder / f"{number}.jpg", quality=90)
        rows.append(
            {"path": f"{number}.jpg", "label": parent.label, "split": "test", "group": parent.group}
            | {"synthetic_maker": "darker", "synthetic_parent": parent.sha256}
            | {"synthetic_seed": number, "synthetic_strength": 0.8}
        )
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder / "manifest.jsonl"


@pytest.fixture(scope="module")
def of_training(imported, tmp_path_factory):
    return _children(tmp_path_factory.mktemp("made") / "train", imported, "train")


def test_children_are_known_by_their_parents_and_parents_by_their_children(imported, of_training, tmp_path):
    import_images(of_training, tmp_path / "made")
    children = images_of(tmp_path / "made", ("test",))
    learned = images_learned_from(imported)
    assert len(children) > 20
    assert not set(children) & learned
    assert all(digests & learned for digests in children.values())
    # As if those had been trained on.
    of_train = images_of(imported, ("train",))
    assert set(of_train) == {digest for digests in children.values() for digest in digests & learned}


@pytest.mark.slow
def test_an_evaluation_refuses_what_was_made_of_training_images(
    bright_model, imported, of_training, tmp_path, monkeypatch
):
    monkeypatch.setattr(novelty, "training_records", lambda *_: imported)

    def run(source, *options):
        command = [str(bright_model), "--data", str(source), "--workspace", str(tmp_path), "--json", *options]
        return CliRunner().invoke(evaluate, command, catch_exceptions=False)

    with pytest.raises(BadInputError, match="they, or what they were made of, are in train or val"):
        run(of_training)
    of_test = _children(tmp_path / "made", imported, "test")
    with pytest.raises(BadInputError, match="one more span of the records of their parents"):
        run(of_test)
    shutil.copytree(imported, tmp_path / "grown")
    import_images(of_test, tmp_path / "grown", span=2)
    report = json.loads(run(tmp_path / "grown", "--split", "test").stdout.splitlines()[-1])
    assert (report["learned_from"], report["images"] > 0) == (0, True)
    assert {one["name"] for one in report["slices"]} >= {"method=darker"}
