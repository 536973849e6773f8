"""JSON bodies as the messages they mean, by the rules of TensorFlow Serving's `json_tensor.cc`."""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from typing import Any

import grpc
from tensorflow.core.example import example_pb2, feature_pb2
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import input_pb2

from serving.status import RequestError, invalid

ROWS, COLUMNS = "instances", "inputs"
"""The two forms of a Predict body: a list of items, or a tensor an input."""

_LONGEST_SHOWN = 200  # characters of a value in a message
_MOST_DIMENSIONS = 254  # as in TensorFlow
_LARGEST_FLOAT32 = 3.4028234663852886e38

# DataType: (field of TensorProto, Python type, least and largest value)
_INTEGERS = {
    # TensorFlow Serving takes whatever an int32 holds, and cuts it off: 300 would be scored as 44.
    types_pb2.DT_INT8: ("int_val", -(2**7), 2**7 - 1),
    types_pb2.DT_INT16: ("int_val", -(2**15), 2**15 - 1),
    types_pb2.DT_UINT8: ("int_val", 0, 2**8 - 1),
    types_pb2.DT_UINT16: ("int_val", 0, 2**16 - 1),
    types_pb2.DT_INT32: ("int_val", -(2**31), 2**31 - 1),
    types_pb2.DT_INT64: ("int64_val", -(2**63), 2**63 - 1),
    types_pb2.DT_UINT32: ("uint32_val", 0, 2**32 - 1),
    types_pb2.DT_UINT64: ("uint64_val", 0, 2**64 - 1),
}
_DECIMALS = {types_pb2.DT_FLOAT: ("float_val", 24), types_pb2.DT_DOUBLE: ("double_val", 53)}


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        RequestError: INVALID_ARGUMENT, it is none.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: {error.msg} at offset: {error.pos}") from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:  # a huge number; a deep nest
        raise invalid(f"JSON Parse error: {type(error).__name__}") from error
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {_shown(document)} Is not object")
    return document


def signature_name(document: Mapping[str, Any]) -> str:
    """The `signature_name` of a body; "" where there is none.

    Raises:
        RequestError: INVALID_ARGUMENT, it is no string, or one that cannot be written as UTF-8.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {_shown(document)} not formatted correctly. 'signature_name' key must be a string value."
        )
    _utf8(name)
    return name


def tensors(
    document: Mapping[str, Any], dtypes: Mapping[str, int]
) -> tuple[str, dict[str, tensor_pb2.TensorProto]]:
    """The inputs of a Predict body.

    Args:
        document: of `parse`.
        dtypes: DataType number of each input of the signature.

    Returns:
        ROWS or COLUMNS, which the answer follows, and the tensors by alias.

    Raises:
        RequestError: INVALID_ARGUMENT, the body does not fit; UNIMPLEMENTED for a type that JSON does not carry.
    """
    forms = [form for form in (ROWS, COLUMNS) if form in document]
    if len(forms) > 1:
        raise invalid(
            f"JSON Value: {_shown(document)} Not formatted correctly expecting only one of 'inputs' or 'instances' "
            "keys to exist "
        )
    if not forms:
        raise invalid("Missing 'inputs' or 'instances' key")
    value = document[forms[0]]
    if forms[0] == COLUMNS:
        return COLUMNS, _columns(value, dtypes)
    if not isinstance(value, list):
        raise invalid(f"JSON Value: {_shown(document)} Excepting 'instances' to be an list/array")
    if not value:
        raise invalid(f"JSON Value: {_shown(document)} No values in 'instances' array")
    return ROWS, _rows(value, dtypes)


def examples(document: Mapping[str, Any]) -> input_pb2.Input:
    """The tf.Examples of a Classify or Regress body: `examples`, and if there is one, their common `context`.

    Raises:
        RequestError: INVALID_ARGUMENT, the body does not fit.
    """
    rows = document.get("examples")
    if "examples" not in document:
        raise invalid(
            f"JSON Value: {_shown(document)} When method is classify, key 'examples' is expected and was not found"
        )
    if not isinstance(rows, list):
        raise invalid(f"JSON Value: {_shown(document)} Expecting 'examples' value to be an list/array")
    if not rows:
        raise invalid(f"JSON Value: {_shown(document)} 'examples' value is an empty array")
    found = input_pb2.Input()
    if "context" in document:
        found.example_list_with_context.context.CopyFrom(_example(document["context"]))
        target = found.example_list_with_context.examples
    else:
        target = found.example_list.examples
    target.extend(_example(row) for row in rows)
    return found


def _rows(items: list, dtypes: Mapping[str, int]) -> dict[str, tensor_pb2.TensorProto]:
    named = _is_object(items[0])
    if not named and len(dtypes) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    only = next(iter(dtypes))
    columns: dict[str, list] = {alias: [] for alias in dtypes}
    for position, item in enumerate(items):
        if _is_object(item) != named:
            what = "object but got list" if named else "value/list but got object"
            raise invalid(f"Expecting {what} at item {position} of input list")
        values = item if named else {only: item}
        if values.keys() != dtypes.keys():
            raise invalid(
                f"Failed to process element: {position} of 'instances' list. JSON object: {_shown(item)} keys must "
                f"be equal to: {','.join(sorted(dtypes))}"
            )
        for alias, value in values.items():
            columns[alias].append(value)
    return {alias: _tensor(values, dtypes[alias]) for alias, values in columns.items()}


def _columns(value: Any, dtypes: Mapping[str, int]) -> dict[str, tensor_pb2.TensorProto]:
    if not _is_object(value):
        if len(dtypes) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                "tensorinfo_map"
            )
        [(alias, dtype)] = dtypes.items()
        return {alias: _tensor(value, dtype)}
    for alias in dtypes:
        if alias not in value:
            raise invalid(f"Missing named input: {alias} in 'inputs' object.")
    return {alias: _tensor(value[alias], dtype) for alias, dtype in dtypes.items()}


def _tensor(value: Any, dtype: int) -> tensor_pb2.TensorProto:
    tensor = tensor_pb2.TensorProto(dtype=dtype)
    shape, inner = [], value
    while isinstance(inner, list):
        if len(shape) == _MOST_DIMENSIONS:
            raise invalid(f"Expected at most {_MOST_DIMENSIONS} dimensions, received more")
        shape.append(len(inner))
        inner = inner[0] if inner else None
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    _fill(value, 0, shape, tensor)
    return tensor


def _fill(value: Any, level: int, shape: list[int], tensor: tensor_pb2.TensorProto) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {_shown(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {len(shape)}"
            )
        _add(value, tensor)
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    for one in value:
        _fill(one, level + 1, shape, tensor)


def _add(value: Any, tensor: tensor_pb2.TensorProto) -> None:
    dtype = tensor.dtype
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if dtype == types_pb2.DT_STRING:
        if isinstance(value, str):
            tensor.string_val.append(_utf8(value))
        elif isinstance(value, dict):
            tensor.string_val.append(_base64(value))
        else:
            raise _type_error(value, dtype)
    elif dtype in _DECIMALS:
        field, digits = _DECIMALS[dtype]
        if not is_number:
            raise _type_error(value, dtype)
        getattr(tensor, field).append(_decimal(value, digits))
    elif dtype in _INTEGERS:
        field, least, largest = _INTEGERS[dtype]
        if not is_number or not isinstance(value, int) or not least <= value <= largest:
            raise _type_error(value, dtype)
        getattr(tensor, field).append(value)
    elif dtype == types_pb2.DT_BOOL:
        if not isinstance(value, bool):
            raise _type_error(value, dtype)
        tensor.bool_val.append(value)
    else:
        raise RequestError(
            grpc.StatusCode.UNIMPLEMENTED,
            f"Conversion of JSON Value: {_shown(value)} to type: {types_pb2.DataType.Name(dtype)}",
        )


def _decimal(value: int | float, digits: int) -> float:
    largest = _LARGEST_FLOAT32 if digits == 24 else float("inf")
    lossy = (
        abs(value) >= 2**digits if isinstance(value, int) else math.isfinite(value) and abs(value) > largest
    )
    if lossy:
        target = "float" if digits == 24 else "double"
        raise invalid(f"Cannot convert JSON value: {_shown(value)} to {target} without loss of precision.")
    return float(value)


def _example(value: Any) -> example_pb2.Example:
    if not isinstance(value, dict):
        raise invalid(f"Example must be JSON object but got JSON {_kind(value)}")
    example = example_pb2.Example()
    for name, content in value.items():
        _utf8(name)
        feature = feature_pb2.Feature()
        for one in content if isinstance(content, list) else [content]:
            _add_to_feature(one, name, feature)
        example.features.feature[name].CopyFrom(feature)
    return example


def _add_to_feature(value: Any, name: str, feature: feature_pb2.Feature) -> None:
    if isinstance(value, bool):
        kind, content = "int64_list", int(value)
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
        kind, content = "int64_list", value
    elif isinstance(value, float):
        kind, content = "float_list", _decimal(value, 24)
    elif isinstance(value, str):
        kind, content = "bytes_list", _utf8(value)
    elif isinstance(value, dict) and _is_base64(value):
        kind, content = "bytes_list", _base64(value)
    else:
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {_kind(value)}")
    before = feature.WhichOneof("kind")
    if before not in (None, kind):
        expected = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}[before]
        raise invalid(f"Unexpected element type in feature: {name} expecting type: {expected}")
    getattr(feature, kind).value.append(content)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _is_base64(value: dict) -> bool:
    return len(value) == 1 and isinstance(value.get("b64"), str)


def _base64(value: dict) -> bytes:
    if not _is_base64(value):
        raise invalid(f"JSON Value: {_shown(value)} not formatted correctly for base64 data")
    text = value["b64"]
    try:
        # Padding may be left out, and the alphabet for addresses is understood, too.
        padded = text.replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("Unable to base64 decode") from error


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair, written as \ud800
        raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from error


def _type_error(value: Any, dtype: int) -> RequestError:
    expected = types_pb2.DataType.Name(dtype).removeprefix("DT_").lower()
    return invalid(f"JSON Value: {_shown(value)} Type: {_kind(value)} is not of expected type: {expected}")


def _kind(value: Any) -> str:
    """The JSON type of a value, in RapidJSON's words."""
    if value is None or isinstance(value, bool):
        return {None: "Null", True: "True", False: "False"}[value]
    return {dict: "Object", list: "Array", str: "String"}.get(type(value), "Number")


def _shown(value: Any) -> str:
    """A value for a message, shortened: an image would fill it."""
    if isinstance(value, dict):
        text = (
            "{" + ", ".join(f"{json.dumps(key)}: {_brief(one)}" for key, one in list(value.items())[:8]) + "}"
        )
    else:
        text = _brief(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _brief(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "{…}" if isinstance(value, dict) else "[…]"
    if isinstance(value, str):
        return json.dumps(value[:_LONGEST_SHOWN])
    return json.dumps(value)
