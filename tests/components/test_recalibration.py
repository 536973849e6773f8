"""The same network with another operating point: it answers so, and all else about it stays."""

import hashlib
import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit
from sklearn.metrics import confusion_matrix
from tfx.utils import io_utils

from components.calibration import UNCERTAIN, calibrate
from components.errors import ObjectiveError
from components.recalibration import recalibrate
from components.serving_check import check
from components.settings import CalibrationSettings
from components.trainer.assets import EXTRA_FOLDER, FACTS_FILE, SCORES_FILE

SETTINGS = CalibrationSettings(objective="fpr=0.2", uncertain={"max_error": 0.12})


@pytest.fixture(scope="module", autouse=True)
def backbone(build_small_backbone):
    """For the whole module, as one new version is enough for most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.applications, "EfficientNetB0", build_small_backbone)
        yield


@pytest.fixture(scope="module")
def logits(exported, held_out, expected_pixels):
    """Of the records that are held out: the first 40 are the validation split, the others the test split."""
    pixels = np.stack([expected_pixels(one.encoded) for one in held_out])
    return exported.model.predict(pixels, verbose=0)[:, 0]


@pytest.fixture(scope="module")
def labels(held_out):
    return np.array([one.label for one in held_out])


@pytest.fixture(scope="module")
def version(exported, logits, labels, tmp_path_factory):
    """A pushed version that carries the logits of these records."""
    folder = tmp_path_factory.mktemp("models") / "small" / "7"
    # As TFX's Pusher copies a model: no file of this name but the model's own.
    io_utils.copy_dir(str(exported.folder), str(folder), deny_regex_patterns=[r"saved_model\.pb"])
    shutil.copy(exported.folder / "saved_model.pb", folder)
    extra = folder / EXTRA_FOLDER
    rows = [
        f"{'val' if number < 40 else 'test'},{label},{float(logit)!r}"
        for number, (label, logit) in enumerate(zip(labels, logits, strict=True))
    ]
    (extra / SCORES_FILE).write_text("\n".join(["split,label,logit", *rows, ""]))
    facts = json.loads((extra / FACTS_FILE).read_text())
    facts |= {"input": {"size": 32, "smallest_face": 20}, "model_name": "small"}
    facts["settings"]["calibration"] = {"objective": "best-f1", "temperature_scaling": True}
    (extra / FACTS_FILE).write_text(json.dumps(facts))
    return folder


@pytest.fixture(scope="module")
def expected(logits, labels):
    return calibrate(logits[:40], labels[:40], SETTINGS)


@pytest.fixture(scope="module")
def remade(version, tmp_path_factory):
    """The new export, and what was told of it; the old one must not have changed."""
    before = _digests(version)
    folder = tmp_path_factory.mktemp("remade") / "version"
    done = recalibrate(version, SETTINGS, folder)
    assert _digests(version) == before
    return folder, done


def _digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it_answers_by_the_new_operating_point(remade, exported, expected):
    folder, done = remade
    assert done.after == expected
    assert done.before == exported.calibration
    serve = tf.saved_model.load(str(folder)).signatures["serving_bytes"]
    answer = {name: value.numpy() for name, value in serve(image_bytes=tf.constant(exported.images)).items()}
    before = exported.calibration.temperature
    logits = np.log(exported.scores / (1 - exported.scores)) * before
    np.testing.assert_allclose(answer["score"], expit(logits / expected.temperature), atol=1e-5)
    np.testing.assert_array_equal(answer["threshold"], np.float32(expected.threshold))
    np.testing.assert_array_equal(answer["uncertain_low"], np.float32(expected.uncertain[0]))
    np.testing.assert_array_equal(answer["uncertain_high"], np.float32(expected.uncertain[1]))
    np.testing.assert_array_equal(answer["decision"].astype(str), expected.decisions(answer["score"]))


def test_it_serves_as_tensorflow_serving_does(remade):
    check(remade[0])


def test_the_facts_tell_the_new_operating_point_and_where_it_comes_from(remade, version, expected):
    old = json.loads((version / EXTRA_FOLDER / FACTS_FILE).read_text())
    new = json.loads((remade[0] / EXTRA_FOLDER / FACTS_FILE).read_text())
    assert (new["temperature"], new["threshold"]) == (expected.temperature, expected.threshold)
    assert tuple(new["uncertain"]) == expected.uncertain
    assert CalibrationSettings.model_validate(new["settings"]["calibration"]) == SETTINGS
    assert new["calibrated_from"] == "7"
    assert new["settings"]["model"] == old["settings"]["model"]
    changed = {"temperature", "threshold", "uncertain", "settings", "calibrated_from"}
    assert {key: new[key] for key in new.keys() - changed} == {key: old[key] for key in old.keys() - changed}


def test_all_else_that_travels_with_it_stays(remade, version):
    old, new = _digests(version / EXTRA_FOLDER), _digests(remade[0] / EXTRA_FOLDER)
    assert old.keys() == new.keys()
    assert {name for name in old if old[name] != new[name]} == {FACTS_FILE}


def test_the_outcomes_are_counted_on_either_split(remade, logits, labels):
    _, done = remade
    for name, rows in (("val", slice(40)), ("test", slice(40, None))):
        for point, found in zip((done.before, done.after), done.outcomes()[name], strict=True):
            scores = expit(logits[rows].astype(float) / point.temperature)
            called = scores >= point.threshold
            matrix = confusion_matrix(labels[rows], called).ravel().tolist()
            told = found.at_tau
            assert [told.true_real, told.false_fake, told.false_real, told.true_fake] == matrix
            undecided = point.decisions(scores) == UNCERTAIN
            assert found.undecided == undecided.sum()
            assert found.wrong == (called != labels[rows])[~undecided].sum()
            assert found.as_dict()["uncertain_share"] == pytest.approx(undecided.mean())
    _, after = done.outcomes()["val"]
    assert 0 < after.undecided < after.images
    assert after.at_tau.false_fake <= 0.2 * after.at_tau.real
    assert after.as_dict()["error_of_decided"] <= 0.12


@pytest.mark.slow
def test_it_can_be_done_again(remade, exported, version, tmp_path):
    # Temperature and threshold come from the logits alone, whatever the operating point was before.
    again = recalibrate(remade[0], CalibrationSettings(), tmp_path / "again")
    assert again.before == remade[1].after
    assert again.after == recalibrate(version, CalibrationSettings(), tmp_path / "direct").after
    assert again.after.uncertain is None


def test_what_cannot_be_reached_leaves_nothing(version, tmp_path):
    settings = CalibrationSettings(objective="best-f1", uncertain={"max_error": 0.0})
    extra = shutil.copytree(version, tmp_path / "old") / EXTRA_FOLDER
    # The surest real is called fake with the highest score.
    (extra / SCORES_FILE).write_text("split,label,logit\nval,0,9\nval,1,8\nval,1,7\nval,0,7\n")
    with pytest.raises(ObjectiveError, match="uncertain max_error=0"):
        recalibrate(tmp_path / "old", settings, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_logits_without_a_validation_split_are_refused(version, tmp_path):
    extra = shutil.copytree(version, tmp_path / "old") / EXTRA_FOLDER
    (extra / SCORES_FILE).write_text("split,label,logit\ntest,0,-1\ntest,1,1\n")
    with pytest.raises(ValueError, match="Expected rows of the split 'val'"):
        recalibrate(tmp_path / "old", SETTINGS, tmp_path / "new")
