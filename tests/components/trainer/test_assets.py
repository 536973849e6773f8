"""What travels with a model: facts, warm-up requests, and a detector that is built anew and given its weights."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components.errors import WeightsError
from components.trainer.assets import FACTS_FILE, KERAS_FILE, WARMUP_FILE, load_detector

pytestmark = pytest.mark.usefixtures("small_backbone")


@pytest.fixture
def extra(exported, tmp_path):
    """A copy of the folder, to be changed."""
    return shutil.copytree(exported.folder / "assets.extra", tmp_path / "assets.extra")


def test_the_detector_is_the_one_that_was_exported(exported, extra, make_pictures):
    pixels = make_pictures(4)[0] / np.float32(255)
    expected = exported.model.predict(pixels, verbose=0)
    np.testing.assert_allclose(load_detector(extra).predict(pixels, verbose=0), expected, atol=1e-6)


def test_where_its_first_weights_came_from_does_not_matter(extra):
    facts = json.loads((extra / FACTS_FILE).read_text())
    facts["settings"]["model"]["weights"] = "/on/another/machine.h5"
    (extra / FACTS_FILE).write_text(json.dumps(facts))
    load_detector(extra)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"head_units": [9]}, id="weights do not fit"),
        pytest.param({"of_another_version": 1}, id="unknown setting"),
    ],
)
def test_what_cannot_be_built_names_the_way_out(extra, change):
    facts = json.loads((extra / FACTS_FILE).read_text())
    facts["settings"]["model"] |= change
    (extra / FACTS_FILE).write_text(json.dumps(facts))
    with pytest.raises(WeightsError, match="serve the SavedModel beside it"):
        load_detector(extra)


def test_a_file_without_weights_is_refused(extra):
    (extra / KERAS_FILE).write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="Expected a detector"):
        load_detector(extra)


def test_every_signature_is_warmed_up_at_the_batch_sizes_it_gets(exported):
    path = str(exported.folder / "assets.extra" / WARMUP_FILE)
    requests = [
        prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator()
    ]
    sizes = {
        (request.model_spec.signature_name, next(iter(request.inputs.values())).tensor_shape.dim[0].size)
        for request in requests
    }
    signatures = ("serving_bytes", "serving_default", "classify", "regress", "transform_features")
    # Maps are asked for one by one, and a batch of their gradients needs memory.
    assert sizes == {("explain", 1), *((signature, size) for signature in signatures for size in (1, 8))}
    assert {request.model_spec.name for request in requests} == {"small"}


def test_warm_up_asks_about_the_given_images_until_a_batch_is_full(exported):
    path = str(exported.folder / "assets.extra" / WARMUP_FILE)
    batches = [
        tf.make_ndarray(request.inputs["image_bytes"]).tolist()
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator()
        for request in [prediction_log_pb2.PredictionLog.FromString(record).predict_log.request]
        if request.model_spec.signature_name == "serving_bytes"
    ]
    assert batches == [exported.images[:1], exported.images[:4] * 2]
