"""Attacked images: which they are, that the export scores them, and that the model is wrong more often."""

import logging
import shutil

import numpy as np
import pytest
import tensorflow as tf

from components import preprocessing
from components.attacks.attacker import Attacker
from components.progress import PROGRESS
from components.scoring.attacked import with_attacked
from components.scoring.scorer import score_images
from components.settings import AttackSettings
from data.example import Synthetic

_SETTINGS = AttackSettings(epsilons=(2, 8), steps=3, images=20)
_ATTACKS = ["fgsm-2", "fgsm-8", "pgd-2", "pgd-8"]


@pytest.fixture(scope="module")
def split(exported, held_out, write_records, tmp_path_factory):
    """Files of the test split, with an image among them that somebody made of another."""
    made = Synthetic(maker="blend", edit="", parent=held_out[1].sha256, seed=1, strength=1.0)
    # First by SHA-256, were it an original.
    records = [*held_out[1:], held_out[0].__class__(**vars(held_out[0]) | {"synthetic": made})]
    return [write_records(tmp_path_factory.mktemp("records") / "test.gz", records)]


@pytest.fixture(scope="module")
def plain(exported, split):
    return score_images(exported.folder, {"test": split})


@pytest.fixture(scope="module")
def table(exported, split, plain, build_small_backbone):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keras.applications.EfficientNetB0", build_small_backbone)
        return with_attacked(plain, exported.folder, split, "test", _SETTINGS, batch_size=8)


def test_the_first_originals_of_each_class_are_attacked_each_time(table, plain, held_out):
    assert table.slice(0, len(plain)).equals(plain)
    attacked = table.slice(len(plain))
    assert attacked["perturbation"].to_pylist() == [name for name in _ATTACKS for _ in range(20)]
    assert attacked["severity"].to_pylist() == [float(name[-1]) for name in _ATTACKS for _ in range(20)]
    first = attacked.slice(0, 20)
    assert first["sha256"].to_pylist() == [one.sha256 for one in held_out[1:21]]
    assert first["label"].to_pylist() == [one.label for one in held_out[1:21]]
    assert first["source"].to_pylist() == [one.source for one in held_out[1:21]]


def test_the_export_scores_what_the_attack_found(table, held_out, exported, encode):
    model, images = exported.model, held_out[1:21]
    pixels = preprocessing.decode_and_resize(tf.constant([one.encoded for one in images]), 32).numpy()
    labels = np.array([one.label for one in images])
    attacked = Attacker(lambda batch: model(batch, training=False), 32).fgsm(pixels, labels, 8)
    # A file of its own for each, sent to the server.
    served = tf.saved_model.load(str(exported.folder)).signatures["serving_bytes"]
    expected = served(image_bytes=tf.constant([encode(one) for one in attacked]))["score"].numpy()
    found = [row["score"] for row in table.to_pylist() if row["perturbation"] == "fgsm-8"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_attacks_move_the_scores_to_the_wrong_side(table):
    scores = {name: {} for name in ("none", *_ATTACKS)}
    labels = {}
    for row in table.to_pylist():
        scores[row["perturbation"]][row["sha256"]] = row["score"]
        labels[row["sha256"]] = row["label"]
    for name in _ATTACKS:
        for sha256, score in scores[name].items():
            assert (score - scores["none"][sha256]) * (1 - 2 * labels[sha256]) >= -1e-6
    moved = {
        name: np.mean([abs(score - scores["none"][sha256]) for sha256, score in scores[name].items()])
        for name in _ATTACKS
    }
    assert moved["fgsm-8"] > moved["fgsm-2"] > 0.001
    assert moved["pgd-8"] > moved["pgd-2"] > 0.001


def test_without_images_or_gradients_the_table_stays_as_it_is(exported, split, plain, tmp_path, caplog):
    none = AttackSettings(images=0)
    assert with_attacked(plain, exported.folder, split, "test", none) is plain
    folder = shutil.copytree(exported.folder, tmp_path / "model")
    # Its settings are of a network of another size than its weights: EfficientNet itself.
    for told in ("Expected a detector that this version of the project can build", "no detector.keras"):
        caplog.clear()
        with caplog.at_level(logging.INFO, "absl"):
            assert with_attacked(plain, folder, split, "test", _SETTINGS) is plain
        [said] = [one.args[0] for one in caplog.records if one.msg == PROGRESS]
        assert said.startswith("not attacked: ")
        assert told in said
        (folder / "assets.extra/detector.keras").unlink(missing_ok=True)
