"""The check before a push, in the fresh process it is meant for."""

import json
import shutil

import pytest
import tensorflow as tf
from replaying import replay
from tiny_detector import SIGNATURES

from serving.replay import ReplayError, _describe, main


def test_a_good_version_answers_its_warm_up_and_images_like_keras(detector, tmp_path):
    image = tmp_path / "face.png"
    image.write_bytes(detector.images[1])

    result = replay(detector.directory, "--images", image)

    assert (result.returncode, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert document["signatures"] == list(SIGNATURES)
    assert [line["signature"] for line in document["warmup"]] == ["serving_bytes"]
    score = document["warmup"][0]["outputs"]["score"]
    assert (score["dtype"], score["shape"]) == ("float32", [2])
    assert score["values"] == pytest.approx(detector.scores[:2], abs=1e-5)
    assert document["images"][0]["file"] == str(image)
    assert document["images"][0]["outputs"]["score"]["values"] == pytest.approx(
        [detector.scores[1]], abs=1e-5
    )


def test_the_classic_keras_3_export_is_refused_naming_the_variable(detector, tmp_path):
    @tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 3), tf.float32)])
    def serve(image):
        return {"score": detector.model(image, training=False)}

    tf.saved_model.save(detector.model, tmp_path / "1", signatures={"serving_default": serve})

    result = replay(tmp_path / "1")

    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert "Could not find variable sequential" in result.stderr
    assert "keras.export.ExportArchive" in result.stderr


def test_a_version_that_cannot_be_read_is_refused_in_one_line(detector, tmp_path, capfd):
    directory = shutil.copytree(detector.directory, tmp_path / "1")
    (directory / "saved_model.pb").write_bytes(b"no graph")

    code = main([str(directory)])

    output, errors = capfd.readouterr()
    assert (code, output) == (1, "")
    assert len(errors.splitlines()) == 1
    assert str(directory) in errors


def test_scores_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(ReplayError, match=r"output score of x holds values that are not finite"):
        _describe(tf.constant([1.0, float("nan")]).numpy(), "output score of x")


def test_a_missing_directory_is_the_users_mistake(tmp_path):
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path / "nowhere")])
    assert caught.value.code == 2
