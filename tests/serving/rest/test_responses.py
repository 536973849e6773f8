"""Answers as JSON bodies: the shapes of TensorFlow Serving's, and numbers that come back as they were."""

import base64
import json

import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    regression_pb2,
)

from serving.model.tensors import to_proto
from serving.rest import responses
from serving.rest.requests import COLUMNS, ROWS
from serving.status import RequestError


def predicted(form, **arrays):
    return json.loads(responses.predictions({name: to_proto(array) for name, array in arrays.items()}, form))


SCORE = np.array([0.1, 0.9], np.float32)
DECISION = np.array([b"real", b"fake"], object)


def test_rows_and_columns():
    assert predicted(ROWS, score=SCORE) == {"predictions": [0.1, 0.9]}
    assert predicted(COLUMNS, score=SCORE) == {"outputs": [0.1, 0.9]}
    assert predicted(ROWS, score=SCORE, decision=DECISION) == {
        "predictions": [{"decision": "real", "score": 0.1}, {"decision": "fake", "score": 0.9}]
    }
    assert predicted(COLUMNS, score=SCORE, decision=DECISION) == {
        "outputs": {"decision": ["real", "fake"], "score": [0.1, 0.9]}
    }


def test_rows_must_be_as_many_in_each_output():
    with pytest.raises(RequestError, match=r"score has inconsistent batch size: 2 expecting: 1"):
        predicted(ROWS, a=np.zeros(1, np.float32), score=SCORE)
    with pytest.raises(RequestError, match=r"Tensor name: a has no shape information"):
        predicted(ROWS, a=np.float32(1), score=SCORE)
    assert predicted(COLUMNS, a=np.float32(1)) == {"outputs": 1.0}


def test_strings_are_text_unless_their_name_says_bytes():
    raw = np.array([[b"\xff", "ä".encode()]], object)
    assert predicted(ROWS, x=raw) == {"predictions": [["\ufffd", "ä"]]}
    encoded = [[{"b64": base64.b64encode(one).decode()} for one in raw[0]]]
    assert predicted(ROWS, x_bytes=raw) == {"predictions": encoded}


def test_nan_and_infinity_are_written_as_tensorflow_serving_does():
    body = responses.predictions({"x": to_proto(np.array([np.nan, np.inf, -np.inf], np.float32))}, ROWS)
    assert body.split() == b'{ "predictions": [ NaN, Infinity, -Infinity ] }'.split()


@hypothesis.given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.uint64, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4),
    ),
    st.sampled_from([ROWS, COLUMNS]),
)
def test_numbers_come_back_as_they_were(array, form):
    [values] = predicted(form, x=array).values()
    back = np.array(values, array.dtype)
    assert back.shape == array.shape
    np.testing.assert_array_equal(back, array)


@hypothesis.given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_decimals_are_the_shortest_in_single_precision(value):
    [written] = predicted(ROWS, x=np.array([value], np.float32))["predictions"]
    assert np.float32(written) == np.float32(value)
    assert len(repr(written)) <= len(repr(value))


def test_classes_and_values():
    result = classification_pb2.ClassificationResult()
    result.classifications.add().classes.add(label="fake", score=0.1)
    assert json.loads(responses.classifications(result)) == {"results": [[["fake", 0.1]]]}
    result = regression_pb2.RegressionResult()
    result.regressions.add(value=0.7)
    assert json.loads(responses.regressions(result)) == {"results": [0.7]}


def test_a_status_leaves_nothing_out():
    message = get_model_status_pb2.GetModelStatusResponse()
    message.model_version_status.add(version=0, state=30)
    failed = message.model_version_status.add(version=2**60, state=50)
    failed.status.error_code, failed.status.error_message = 3, "broken"
    assert json.loads(responses.status(message)) == {
        "model_version_status": [
            {"version": "0", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}},
            {
                "version": str(2**60),
                "state": "END",
                "status": {"error_code": "INVALID_ARGUMENT", "error_message": "broken"},
            },
        ]
    }


def test_metadata_leave_nothing_out():
    message = get_model_metadata_pb2.GetModelMetadataResponse()
    message.model_spec.name, message.model_spec.version.value = "m", 3
    signatures = get_model_metadata_pb2.SignatureDefMap()
    info = signatures.signature_def["s"].inputs["x"]
    info.name, info.dtype = "x:0", 7
    info.tensor_shape.dim.add(size=-1)
    info.tensor_shape.dim.add(size=0)
    message.metadata["signature_def"].Pack(signatures)

    found = json.loads(responses.metadata(message))

    assert found["model_spec"] == {"name": "m", "signature_name": "", "version": "3"}
    signature = found["metadata"]["signature_def"]["signature_def"]["s"]
    dims = [{"size": "-1", "name": ""}, {"size": "0", "name": ""}]
    shape = {"dim": dims, "unknown_rank": False}
    assert signature["inputs"] == {"x": {"name": "x:0", "dtype": "DT_STRING", "tensor_shape": shape}}
    assert (signature["outputs"], signature["method_name"]) == ({}, "")


def test_an_error():
    assert json.loads(responses.error('a "b"\nc')) == {"error": 'a "b"\nc'}
