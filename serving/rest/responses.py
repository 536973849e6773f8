"""Messages as JSON bodies, by the rules of TensorFlow Serving's `json_tensor.cc`."""

import base64
import inspect
import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, regression_pb2

from serving.model.tensors import to_array
from serving.rest.requests import ROWS
from serving.status import invalid

_BYTES_SUFFIX = "_bytes"
"""Strings in an output whose name ends so are written in base64, as in TensorFlow Serving."""

# Zeros and empty lists are written, too: a dimension of size 0, version 0. protobuf 5.26 renamed the option.
_WHOLE = {
    name: True
    for name in ("including_default_value_fields", "always_print_fields_with_no_presence")
    if name in inspect.signature(json_format.MessageToDict).parameters
}


def predictions(outputs: Mapping[str, tensor_pb2.TensorProto], form: str) -> bytes:
    """The body of a Predict answer: `predictions` (a row an item) for ROWS, else `outputs` (a tensor an output).

    Raises:
        RequestError: INVALID_ARGUMENT, the outputs have no rows, or not the same number of them.
    """
    values = {alias: _values(alias, tensor) for alias, tensor in sorted(outputs.items())}
    if form != ROWS:
        return _body({"outputs": values if len(values) > 1 else next(iter(values.values()))})
    count = None
    for alias, tensor in sorted(outputs.items()):
        if not tensor.tensor_shape.dim:
            raise invalid(f"Tensor name: {alias} has no shape information ")
        size = tensor.tensor_shape.dim[0].size
        if count not in (None, size):
            raise invalid(f"Tensor name: {alias} has inconsistent batch size: {size} expecting: {count}")
        count = size
    if len(values) == 1:
        return _body({"predictions": next(iter(values.values()))})
    rows = zip(*values.values(), strict=True)
    return _body({"predictions": [dict(zip(values, row, strict=True)) for row in rows]})


def classifications(result: classification_pb2.ClassificationResult) -> bytes:
    """The body of a Classify answer: a list of [label, score] an example."""
    return _body(
        {
            "results": [
                [[one.label, _shortest(one.score)] for one in line.classes] for line in result.classifications
            ]
        }
    )


def regressions(result: regression_pb2.RegressionResult) -> bytes:
    """The body of a Regress answer: a value an example."""
    return _body({"results": [_shortest(one.value) for one in result.regressions]})


def status(message: Any) -> bytes:
    """The body of a model's status: the message as JSON, nothing left out."""
    fields = _fields(message)
    for line in fields["model_version_status"]:
        line.setdefault("status", {"error_code": "OK", "error_message": ""})
    return _body(fields)


def metadata(message: get_model_metadata_pb2.GetModelMetadataResponse) -> bytes:
    """The body of a model's metadata: `model_spec` and `metadata.signature_def.signature_def`."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    message.metadata["signature_def"].Unpack(signatures)
    spec = message.model_spec
    return _body(
        {
            "model_spec": {
                "name": spec.name,
                "signature_name": spec.signature_name,
                "version": str(spec.version.value),
            },
            "metadata": {"signature_def": _fields(signatures)},
        }
    )


def error(message: str) -> bytes:
    """The body of any failure."""
    return _body({"error": message})


def _values(alias: str, tensor: tensor_pb2.TensorProto) -> Any:
    array = to_array(tensor)
    if tensor.dtype != types_pb2.DT_STRING:
        return _decimals(array.tolist()) if tensor.dtype == types_pb2.DT_FLOAT else array.tolist()
    as_bytes = alias.endswith(_BYTES_SUFFIX)

    def written(value: Any) -> Any:
        if isinstance(value, list):
            return [written(one) for one in value]
        return {"b64": base64.b64encode(value).decode()} if as_bytes else value.decode("utf-8", "replace")

    return written(array.tolist())


def _decimals(values: Any) -> Any:
    return [_decimals(one) for one in values] if isinstance(values, list) else _shortest(values)


def _shortest(value: float) -> float:
    """The shortest decimal number that is this one in single precision."""
    import numpy as np

    return float(str(np.float32(value)))


def _fields(message: Any) -> dict[str, Any]:
    return json_format.MessageToDict(message, preserving_proto_field_name=True, **_WHOLE)


def _body(document: Any) -> bytes:
    # NaN and Infinity are written as such, which TensorFlow Serving does, too.
    return json.dumps(document, indent=1).encode()
