"""An export that TensorFlow Serving could not serve, or that does not answer as Keras does, is not pushed."""

import json
import shutil

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.errors import ServingCheckError
from components.serving_check import SCORE_TOLERANCE, ServingCheck, check
from components.trainer.assets import FACTS_FILE, WARMUP_FILE

pytestmark = pytest.mark.usefixtures("small_backbone")


@pytest.fixture
def copy(exported, tmp_path):
    """A copy of the exported detector, to be broken."""
    return shutil.copytree(exported.folder, tmp_path / "Format-Serving")


def test_a_good_export_passes_and_is_blessed_for_the_pusher(exported, tmp_path):
    model, blessing = standard_artifacts.Model(), standard_artifacts.InfraBlessing()
    model.uri, blessing.uri = str(exported.folder.parent), str(tmp_path / "blessing")
    ServingCheck.EXECUTOR_SPEC.executor_class().Do(
        {"model": [model]}, {"blessing": [blessing]}, {"source_hash": ""}
    )
    assert blessing.get_int_custom_property("blessed") == 1
    said = (tmp_path / "blessing" / "INFRA_BLESSED").read_text()
    assert 0 <= float(said.split()[-1]) <= SCORE_TOLERANCE


def test_scores_other_than_keras_are_refused(copy):
    facts = json.loads((copy / "assets.extra" / FACTS_FILE).read_text())
    facts["temperature"] *= 1.001
    (copy / "assets.extra" / FACTS_FILE).write_text(json.dumps(facts))
    with pytest.raises(ServingCheckError, match=r"differ from Keras' by up to \d.*; expected at most 1e-05"):
        check(copy)


def test_the_plain_export_of_a_keras_model_is_refused_and_names_the_missing_variable(exported, copy):
    @tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 3), tf.float32)])
    def serve(pixels):
        return {"score": exported.model(pixels, training=False)}

    plain = copy.parent / "plain"
    tf.saved_model.save(exported.model, str(plain), signatures={"serving_default": serve})
    shutil.copytree(copy / "assets.extra", plain / "assets.extra")
    with pytest.raises(ServingCheckError, match=r"Could not find variable \S*conv_1") as caught:
        check(plain)
    assert "It was not pushed" in str(caught.value)
    # TensorFlow itself is content with it, which is why the check goes another way.
    assert "serving_default" in tf.saved_model.load(str(plain)).signatures


def test_an_export_without_warm_up_requests_is_refused(copy):
    (copy / "assets.extra" / WARMUP_FILE).write_bytes(b"")
    with pytest.raises(ServingCheckError, match=r"warm-up requests"):
        check(copy)
