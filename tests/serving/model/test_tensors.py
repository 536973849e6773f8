"""TensorProtos against TensorFlow's own conversion."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tensorflow.core.framework import tensor_pb2

from serving.model.tensors import dtype_name, to_array, to_proto

NUMBERS = st.sampled_from(
    [np.float32, np.float64, np.int32, np.int64, np.uint8, np.int8, np.uint16, np.bool_]
)


@given(NUMBERS.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, min_side=0))))
def test_numbers_survive_in_typed_fields(array):
    proto = to_proto(array)

    assert not proto.tensor_content
    back = tf.make_ndarray(proto) if array.size else to_array(proto)
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype


@given(st.lists(st.binary(max_size=9)))
def test_strings_survive(values):
    array = np.array([*values, None], object)[:-1]

    proto = to_proto(array)

    assert list(proto.string_val) == values
    assert to_array(proto).tolist() == values


def test_half_precision_falls_back_to_tensorflow():
    assert tf.make_ndarray(to_proto(np.array([1, 2], np.float16))).tolist() == [1, 2]


def test_repeated_trailing_values_may_be_left_out():
    proto = tensor_pb2.TensorProto(dtype=tf.float32.as_datatype_enum, float_val=[1, 2])
    proto.tensor_shape.dim.add(size=4)

    assert to_array(proto).tolist() == [1, 2, 2, 2]


def proto_of(dtype=tf.string, sizes=(2,), **fields):
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum if dtype else 0, **fields)
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize(
    "proto",
    [
        proto_of(dtype=None),
        proto_of(),
        proto_of(string_val=[b"a", b"b", b"c"]),
        proto_of(sizes=(-1,), string_val=[b"a"]),
        proto_of(sizes=(1 << 40,), string_val=[b"a"]),
        proto_of(sizes=(1 << 30, 1 << 30, 1 << 30), string_val=[b"a"]),
        proto_of(dtype=tf.float32, tensor_content=b"abc"),
        proto_of(dtype=tf.float32, tensor_content=b"abcd"),
        proto_of(tensor_content=b"abcd"),
        proto_of(dtype=tf.resource),
        proto_of(dtype=tf.variant, int_val=[1, 2]),
        proto_of(sizes=(2000,), string_val=[b"a"]),
    ],
    ids=str,
)
def test_a_proto_that_contradicts_itself_is_refused(proto):
    with pytest.raises(ValueError, match=r"."):
        to_array(proto)


def test_dtype_names_are_those_of_tensorflows_messages():
    assert [dtype_name(kind.as_datatype_enum) for kind in (tf.float32, tf.string, tf.int64)] == [
        "float",
        "string",
        "int64",
    ]


def test_a_number_too_large_for_its_type_is_a_mistake_of_the_request(monkeypatch):
    proto = tensor_pb2.TensorProto(dtype=tf.uint8.as_datatype_enum, int_val=[300])
    proto.tensor_shape.dim.add(size=1)

    def numpy_2(proto):
        raise OverflowError("Python integer 300 out of bounds for uint8")

    monkeypatch.setattr(tf, "make_ndarray", numpy_2)
    with pytest.raises(ValueError, match="300 out of bounds"):
        to_array(proto)
