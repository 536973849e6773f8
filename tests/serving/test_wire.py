"""Requests against those of tensorflow-serving-api, byte for byte."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from serving import protos, wire
from serving.errors import ServingError


@given(
    st.lists(st.binary(max_size=50), min_size=1, max_size=5),
    st.text(min_size=1, max_size=20),
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(min_size=1, max_size=10),
)
def test_requests_are_byte_identical(images, name, version):
    label = version if isinstance(version, str) else None
    version = None if label else version
    official = predict_pb2.PredictRequest()
    official.model_spec.name = name
    official.model_spec.signature_name = "serving_bytes"
    if version is not None:
        official.model_spec.version.value = version
    if label is not None:
        official.model_spec.version_label = label
    official.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(images, shape=[len(images)]))

    ours = wire.predict_request(images, name, version, label=label).SerializeToString(deterministic=True)

    assert ours == official.SerializeToString(deterministic=True)


@pytest.mark.parametrize(("version", "label"), [(None, None), (7, None), (None, "stable")])
def test_the_question_for_the_version_is_byte_identical_and_its_answer_is_read(version, label):
    official = get_model_metadata_pb2.GetModelMetadataRequest()
    official.model_spec.name = "m"
    official.metadata_field.append("signature_def")
    if version is not None:
        official.model_spec.version.value = version
    if label is not None:
        official.model_spec.version_label = label
    assert wire.metadata_request("m", version, label).SerializeToString() == official.SerializeToString()

    answer = get_model_metadata_pb2.GetModelMetadataResponse()
    answer.model_spec.version.value = 9
    answer.metadata["signature_def"].value = b"\x00" * 100
    ours = protos.GetModelMetadataResponse.FromString(answer.SerializeToString())
    assert ours.model_spec.version.value == 9


def test_the_official_answer_is_read():
    official = predict_pb2.PredictResponse()
    official.model_spec.version.value = 7
    for name, values in {"score": [0.25, 0.75], "threshold": [0.5, 0.5]}.items():
        official.outputs[name].dtype = 1
        official.outputs[name].float_val.extend(values)
    official.outputs["decision"].CopyFrom(tf.make_tensor_proto([b"real", b"fake"]))

    response = protos.PredictResponse.FromString(official.SerializeToString())

    assert wire.read_answers(response, 2) == [(0.25, "real", 0.5, None), (0.75, "fake", 0.5, None)]
    assert response.model_spec.version.value == 7


@pytest.mark.parametrize(
    ("low", "high", "band"), [([0.25, 0.5], [0.75, 0.5], [(0.25, 0.75), None]), ([0.5], [0.5], None)]
)
def test_the_uncertain_band_is_read_where_there_is_one(low, high, band):
    official = predict_pb2.PredictResponse()
    outputs = {"score": [0.5] * 2, "threshold": [0.5] * 2, "uncertain_low": low, "uncertain_high": high}
    for name, values in outputs.items():
        official.outputs[name].dtype = 1
        official.outputs[name].float_val.extend(values)
    official.outputs["decision"].CopyFrom(tf.make_tensor_proto([b"uncertain", b"fake"]))
    response = protos.PredictResponse.FromString(official.SerializeToString())

    if band is None:
        with pytest.raises(ServingError, match="expected 2 values"):
            wire.read_answers(response, 2)
    else:
        assert [answer.uncertain_band for answer in wire.read_answers(response, 2)] == band


@pytest.mark.parametrize("packed", [True, False])
def test_a_map_is_what_numpy_says_it_is(packed):
    heat = np.random.default_rng(0).random((1, 3, 5), np.float32)
    official = predict_pb2.PredictResponse()
    # TensorFlow's own function packs; TensorFlow Serving answers in the field of the type.
    official.outputs["map"].CopyFrom(tf.make_tensor_proto(heat))
    if not packed:
        official.outputs["map"].tensor_content = b""
        official.outputs["map"].float_val.extend(heat.ravel().tolist())
    response = protos.PredictResponse.FromString(official.SerializeToString())

    np.testing.assert_array_equal(np.asarray(wire.read_map(response)), heat[0])


@pytest.mark.parametrize(
    "values",
    [None, np.zeros((2, 3, 3), np.float32), np.zeros((3, 3), np.float32), np.zeros((1, 3, 3), np.int32)],
)
def test_what_is_no_map_is_refused(values):
    official = predict_pb2.PredictResponse()
    if values is not None:
        official.outputs["map"].CopyFrom(tf.make_tensor_proto(values))
    response = protos.PredictResponse.FromString(official.SerializeToString())

    with pytest.raises(ServingError, match="expected a map of type 1"):
        wire.read_map(response)


OFFICIAL = {
    "PredictRequest": predict_pb2.PredictRequest.DESCRIPTOR,
    "PredictResponse": predict_pb2.PredictResponse.DESCRIPTOR,
    "GetModelMetadataRequest": get_model_metadata_pb2.GetModelMetadataRequest.DESCRIPTOR,
    "GetModelMetadataResponse": get_model_metadata_pb2.GetModelMetadataResponse.DESCRIPTOR,
}


@pytest.mark.parametrize("message", OFFICIAL)
def test_every_field_has_the_official_number(message):
    def compare(ours, official):
        for field in ours.fields:
            other = official.fields_by_name[field.name]
            assert other.number == field.number, field.full_name
            if field.message_type is not None:
                compare(field.message_type, other.message_type)

    compare(getattr(protos, message).DESCRIPTOR, OFFICIAL[message])
