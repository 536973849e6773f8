"""JSON bodies as tensors and tf.Examples: known answers, refusals, and TensorFlow's own tensors as the measure."""

import base64
import json
import math

import grpc
import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from serving.model.tensors import to_array
from serving.rest.requests import COLUMNS, ROWS, examples, parse, signature_name, tensors
from serving.status import RequestError

STRING = tf.string.as_datatype_enum


def one(value, dtype):
    """The tensor of the one input "x" in a body of columns."""
    form, found = tensors(parse(json.dumps({"inputs": value}).encode()), {"x": dtype.as_datatype_enum})
    assert form == COLUMNS
    return found["x"]


def refused(call, *arguments) -> RequestError:
    with pytest.raises(RequestError) as caught:
        call(*arguments)
    return caught.value


def message(call, *arguments) -> str:
    error = refused(call, *arguments)
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert len(error.message) < 1000
    return error.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The document is empty"),
        (b"{", "JSON Parse error: "),
        (b"[1]", "Is not object"),
        (b"\xff", "JSON Parse error: "),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON Parse error: "),
        (b"[" * 200_000, "JSON Parse error: RecursionError"),
        (b'{"a":' * 200_000, "JSON Parse error: RecursionError"),
        (json.dumps("x" * 5000).encode(), "Is not object"),
    ],
)
def test_what_is_no_json_object(body, words):
    assert words in message(parse, body)


def test_a_signature_name():
    assert signature_name({}) == ""
    assert signature_name({"signature_name": "s"}) == "s"
    assert "'signature_name' key must be a string" in message(signature_name, {"signature_name": 1})


@pytest.mark.parametrize(
    ("dtype", "least", "largest"),
    [
        (tf.int8, -128, 127),
        (tf.uint8, 0, 255),
        (tf.int16, -(2**15), 2**15 - 1),
        (tf.uint16, 0, 2**16 - 1),
        (tf.int32, -(2**31), 2**31 - 1),
        (tf.uint32, 0, 2**32 - 1),
        (tf.int64, -(2**63), 2**63 - 1),
        (tf.uint64, 0, 2**64 - 1),
    ],
)
def test_whole_numbers_have_the_range_of_their_type(dtype, least, largest):
    array = to_array(one([least, largest], dtype))
    assert array.dtype == dtype.as_numpy_dtype
    assert array.tolist() == [least, largest]
    for wrong in (least - 1, largest + 1, 1.0, True, "1", None):
        assert f"is not of expected type: {dtype.name}" in message(one, [wrong], dtype)


def test_decimals_are_rounded_but_no_whole_number_is():
    assert to_array(one([0.1, 2**24 - 1, -3], tf.float32)).tolist() == [
        float(np.float32(0.1)),
        2.0**24 - 1,
        -3.0,
    ]
    assert to_array(one([0.1, 2**53 - 1], tf.float64)).tolist() == [0.1, 2.0**53 - 1]
    largest = float(np.finfo(np.float32).max)
    assert to_array(one([largest, -largest], tf.float32)).tolist() == [largest, -largest]
    for value, dtype, target in (
        (2**24, tf.float32, "float"),
        (1e39, tf.float32, "float"),
        (2**53, tf.float64, "double"),
    ):
        assert f"to {target} without loss of precision" in message(one, [value], dtype)
    for wrong in ("0.1", True, None, {"b64": "AA=="}):
        assert "is not of expected type: float" in message(one, [wrong], tf.float32)


def test_nan_and_infinity_are_decimals():
    body = b'{"inputs": [NaN, Infinity, -Infinity, 1e999]}'
    _, found = tensors(parse(body), {"x": tf.float32.as_datatype_enum})
    values = to_array(found["x"]).tolist()
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf, math.inf]


def test_bools():
    assert to_array(one([[True], [False]], tf.bool)).tolist() == [[True], [False]]
    for wrong in (1, "true", None):
        assert "is not of expected type: bool" in message(one, [wrong], tf.bool)


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("täxt", "täxt".encode()),
        ("", b""),
        ({"b64": ""}, b""),
        ({"b64": "/+8="}, b"\xff\xef"),
        ({"b64": "_-8="}, b"\xff\xef"),
        ({"b64": "/+8"}, b"\xff\xef"),
        ({"b64": "AAAA"}, b"\0\0\0"),
    ],
)
def test_strings_and_base64_forms(value, content):
    assert to_array(one([value], tf.string)).tolist() == [content]
    assert to_array(one(value, tf.string)).tolist() == content


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"b64": "A"}, "Unable to base64 decode"),
        ({"b64": "A A="}, "Unable to base64 decode"),
        ({"b64": "ä"}, "Unable to base64 decode"),
        ({"b64": "AA==AA"}, "Unable to base64 decode"),
        ({"b64": 1}, "not formatted correctly for base64 data"),
        ({"b64": "AA==", "x": 1}, "not formatted correctly for base64 data"),
        ({}, "not formatted correctly for base64 data"),
        ("\ud800", "surrogate pair in string is invalid"),
        (1, "Type: Number is not of expected type: string"),
        (None, "Type: Null is not of expected type: string"),
    ],
)
def test_what_is_no_string(value, words):
    assert words in message(one, [value], tf.string)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([[1], [1, 2]], "unexpected size: 2 at level: 1 expected size: 1"),
        ([[1, 2], [1]], "unexpected size: 1 at level: 1 expected size: 2"),
        ([1, [1]], "list at unexpected level: 1 expected < 1"),
        ([[1], 1], "found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ([[], [1]], "unexpected size: 1 at level: 1 expected size: 0"),
    ],
)
def test_ragged_lists(value, words):
    assert words in message(one, value, tf.int32)


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def test_shapes():
    assert to_array(one(5, tf.int32)).shape == ()
    assert to_array(one([], tf.int32)).shape == (0,)
    assert to_array(one([[], []], tf.int32)).shape == (2, 0)
    assert len(one(nested(254), tf.int32).tensor_shape.dim) == 254
    assert "at most 254 dimensions" in message(one, nested(255), tf.int32)


def test_a_type_that_json_does_not_carry():
    error = refused(one, [1], tf.complex64)
    assert (error.code, "to type: DT_COMPLEX64" in error.message) == (grpc.StatusCode.UNIMPLEMENTED, True)


TWO = {"a": tf.int32.as_datatype_enum, "b": STRING}


def test_rows_of_two_inputs():
    body = {"instances": [{"a": [1, 2], "b": "x"}, {"b": {"b64": "eQ=="}, "a": [3, 4]}]}
    form, found = tensors(body, TWO)
    assert form == ROWS
    assert to_array(found["a"]).tolist() == [[1, 2], [3, 4]]
    assert to_array(found["b"]).tolist() == [b"x", b"y"]


def test_rows_of_one_input_need_no_name():
    for rows in ([{"b64": "eQ=="}, "z"], [{"x": {"b64": "eQ=="}}, {"x": "z"}]):
        _, found = tensors({"instances": rows}, {"x": STRING})
        assert to_array(found["x"]).tolist() == [b"y", b"z"]


def test_columns_of_two_inputs_may_differ_in_length():
    form, found = tensors({"inputs": {"a": [1], "b": ["x", "y"]}}, TWO)
    assert form == COLUMNS
    assert (to_array(found["a"]).shape, to_array(found["b"]).shape) == ((1,), (2,))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"inputs": 1, "instances": [1]}, "only one of 'inputs' or 'instances'"),
        ({"instances": {"a": 1}}, "Excepting 'instances' to be an list/array"),
        ({"instances": []}, "No values in 'instances' array"),
        ({"instances": [1]}, "instances is a plain list, but expecting list of objects"),
        ({"instances": [{"a": 1}]}, "keys must be equal to: a,b"),
        ({"instances": [{"a": 1, "b": "x"}, {"a": 1, "c": "x"}]}, "Failed to process element: 1 of"),
        ({"instances": [{"a": 1, "b": "x"}, 1]}, "Expecting object but got list at item 1"),
        (
            {"instances": [{"a": [1], "b": "x"}, {"a": [1, 2], "b": "x"}]},
            "Encountered list at unexpected size",
        ),
        ({"inputs": [1]}, "inputs is a plain value/list, but expecting an object"),
        ({"inputs": {"a": 1}}, "Missing named input: b in 'inputs' object."),
    ],
)
def test_bodies_that_do_not_fit_the_inputs(body, words):
    assert words in message(tensors, body, TWO)


def test_a_row_among_values_is_refused():
    body = {"instances": ["x", {"y": "x"}]}
    assert "Expecting value/list but got object at item 1" in message(tensors, body, {"x": STRING})


def test_an_image_does_not_fill_a_message():
    text = message(tensors, {"instances": [{"x": "A" * 10_000_000}, {"y": "A" * 10_000_000}]}, {"x": STRING})
    assert "AAA" in text


@hypothesis.given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        elements={"allow_subnormal": False},
    )
)
def test_numbers_are_those_of_make_tensor_proto(array):
    if array.dtype.kind == "f":
        # A whole number beyond the mantissa is refused; as a decimal it is not.
        array = np.where(np.isfinite(array), array, 0).astype(array.dtype)
    found = one(array.tolist(), tf.as_dtype(array.dtype))
    expected = tf.make_ndarray(tf.make_tensor_proto(array))
    if 0 not in array.shape[:-1]:  # how long an empty list's lists would be, JSON does not say
        assert to_array(found).shape == expected.shape
    assert found.dtype == tf.as_dtype(array.dtype).as_datatype_enum
    np.testing.assert_array_equal(to_array(found).ravel(), expected.ravel())


@hypothesis.given(st.lists(st.binary(max_size=40), min_size=1, max_size=5))
def test_bytes_are_those_of_make_tensor_proto(values):
    found = one([{"b64": base64.b64encode(value).decode()} for value in values], tf.string)
    assert found == tf.make_tensor_proto(values)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "b64", "x"]), inner)
    ),
    max_leaves=8,
)


@hypothesis.given(
    JSON,
    st.sampled_from([ROWS, COLUMNS]),
    st.sampled_from([tf.string, tf.float32, tf.int64, tf.uint8, tf.bool]),
)
def test_whatever_is_asked_there_is_a_tensor_or_a_refusal(value, form, dtype):
    for dtypes in ({"x": dtype.as_datatype_enum}, TWO):
        try:
            _, found = tensors(parse(json.dumps({form: value}).encode()), dtypes)
        except RequestError:
            continue
        for tensor in found.values():
            assert to_array(tensor).size >= 0


@hypothesis.given(JSON)
def test_whatever_is_asked_there_are_examples_or_a_refusal(value):
    for body in ({"examples": value}, {"examples": [{}], "context": value}, {"examples": [{"f": value}]}):
        try:
            examples(body)
        except RequestError as error:
            assert error.code is grpc.StatusCode.INVALID_ARGUMENT  # noqa: PT017 - most are refused


def test_examples_and_their_context():
    found = examples({"examples": [{"i": [1, True], "f": 0.5, "s": ["x", {"b64": "/w=="}], "e": []}]})
    [row] = found.example_list.examples
    feature = row.features.feature
    assert list(feature["i"].int64_list.value) == [1, 1]
    assert list(feature["f"].float_list.value) == [0.5]
    assert list(feature["s"].bytes_list.value) == [b"x", b"\xff"]
    assert feature["e"].WhichOneof("kind") is None

    found = examples({"examples": [{}, {}], "context": {"c": 1}}).example_list_with_context
    assert len(found.examples) == 2
    assert list(found.context.features.feature["c"].int64_list.value) == [1]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "key 'examples' is expected"),
        ({"examples": {}}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
        ({"examples": [{"f": [1, 0.5]}]}, "Unexpected element type in feature: f expecting type: int64"),
        ({"examples": [{"f": 2**63}]}, "Only int64 is supported"),
        ({"examples": [{"f": None}]}, "Feature: f has element with unexpected JSON type: Null"),
        ({"examples": [{"f": {"b64": 1}}]}, "Feature: f has element with unexpected JSON type: Object"),
        ({"examples": [{"f": [[1]]}]}, "Feature: f has element with unexpected JSON type: Array"),
        ({"examples": [{"f": 1e39}]}, "without loss of precision"),
        ({"examples": [{}], "context": 1}, "Example must be JSON object but got JSON Number"),
    ],
)
def test_examples_that_are_none(body, words):
    assert words in message(examples, body)
