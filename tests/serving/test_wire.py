"""Requests against those of tensorflow-serving-api, byte for byte."""

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_serving.apis import predict_pb2

from serving import protos, wire


@given(
    st.lists(st.binary(max_size=50), min_size=1, max_size=5),
    st.text(min_size=1, max_size=20),
    st.none() | st.integers(-(2**63), 2**63 - 1),
)
def test_requests_are_byte_identical(images, name, version):
    official = predict_pb2.PredictRequest()
    official.model_spec.name = name
    official.model_spec.signature_name = "serving_bytes"
    if version is not None:
        official.model_spec.version.value = version
    official.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(images, shape=[len(images)]))

    ours = wire.predict_request(images, name, version).SerializeToString(deterministic=True)

    assert ours == official.SerializeToString(deterministic=True)


def test_the_official_answer_is_read():
    official = predict_pb2.PredictResponse()
    official.model_spec.version.value = 7
    for name, values in {"score": [0.25, 0.75], "threshold": [0.5, 0.5]}.items():
        official.outputs[name].dtype = 1
        official.outputs[name].float_val.extend(values)
    official.outputs["decision"].CopyFrom(tf.make_tensor_proto([b"real", b"fake"]))

    response = protos.PredictResponse.FromString(official.SerializeToString())

    assert wire.read_answers(response, 2) == [(0.25, "real", 0.5), (0.75, "fake", 0.5)]
    assert response.model_spec.version.value == 7


OFFICIAL = {
    "PredictRequest": predict_pb2.PredictRequest.DESCRIPTOR,
    "PredictResponse": predict_pb2.PredictResponse.DESCRIPTOR,
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
