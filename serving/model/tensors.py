"""TensorProto to numpy and back, as TensorFlow Serving does it."""

import math

import numpy as np
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.model.tensorflow_runtime import tf

# A proto may leave out repeated trailing values. Without a limit, a request of a few bytes could claim any
# shape and have the server allocate it.
_MOST_ELEMENTS_FILLED_IN = 1 << 20
# Strings are longer than numbers, and each may be an image to decode. No client leaves any of them out.
_MOST_STRINGS_FILLED_IN = 1 << 10

_TYPED_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int8": "int_val",
    "uint8": "int_val",
    "int16": "int_val",
    "uint16": "int_val",
    "int32": "int_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "object": "string_val",
}


def dtype_name(dtype: int) -> str:
    """TensorFlow's word for a DataType number: 1 is "float", 7 is "string", 9 is "int64"."""
    return types_pb2.DataType.Name(dtype).removeprefix("DT_").lower()


def to_array(proto: tensor_pb2.TensorProto) -> np.ndarray:
    """The tensor that a client sent; strings come as an object array of bytes.

    Raises:
        ValueError: the proto contradicts itself: no dtype, an unknown or negative shape, or values that do
            not fill the shape.
    """
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise ValueError(f"expected a fully known shape, received {shape}")
    elements = math.prod(shape)
    if not proto.tensor_content:
        sent = max(len(values) for values in _typed_values(proto))
        if elements and not sent:
            raise ValueError(f"expected {elements} values for shape {shape}, received none")
        most = _MOST_STRINGS_FILLED_IN if proto.string_val else _MOST_ELEMENTS_FILLED_IN
        if elements > max(sent, most):
            raise ValueError(f"expected {elements} values for shape {shape}, received {sent}")
    try:
        return tf.make_ndarray(proto)
    except (TypeError, KeyError, OverflowError) as error:
        # A type of no values, such as DT_VARIANT; a number that its type cannot hold (numpy 2).
        raise ValueError(str(error)) from error


def to_proto(array: np.ndarray) -> tensor_pb2.TensorProto:
    """The tensor as an answer: values stand in the field of their type (`float_val`, `string_val`, ...).

    `tf.make_tensor_proto` would pack two or more numbers into `tensor_content`, which TensorFlow Serving does
    not do and many clients do not read.
    """
    array = np.asarray(array)
    field = _TYPED_FIELDS.get(array.dtype.name)
    if field is None:  # half, bfloat16, complex: no detector answers these
        return tf.make_tensor_proto(array)
    dtype = tf.string if field == "string_val" else tf.as_dtype(array.dtype)
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    getattr(proto, field).extend(array.ravel().tolist())
    return proto


def _typed_values(proto: tensor_pb2.TensorProto) -> list:
    return [
        getattr(proto, field.name)
        for field in tensor_pb2.TensorProto.DESCRIPTOR.fields
        if field.name.endswith("_val")
    ]
