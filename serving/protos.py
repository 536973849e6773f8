"""The few TensorFlow Serving messages that a client needs, without TensorFlow.

They are built at import in a descriptor pool of their own, under a package name of their own but with
TensorFlow Serving's field numbers: the bytes on the wire are the same, and nothing clashes when
`tensorflow_serving.apis` is imported in the same process. Field numbers are from
tensorflow/core/framework/{tensor,tensor_shape}.proto and
tensorflow_serving/apis/{model,predict,get_model_metadata}.proto;
`version` is google.protobuf.Int64Value, spelled out.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "deepfake_inspector.serving"
_Field = descriptor_pb2.FieldDescriptorProto

DT_FLOAT = 1
DT_STRING = 7

PREDICT_METHOD = "/tensorflow.serving.PredictionService/Predict"
METADATA_METHOD = "/tensorflow.serving.PredictionService/GetModelMetadata"

# message: {field: (number, type, repeated)}; a type is a scalar of protobuf or a message of this table, and a
# pair means a map from string to that message.
_SCHEMA = {
    "Dim": {"size": (1, "int64", False), "name": (2, "string", False)},
    "TensorShape": {"dim": (2, "Dim", True), "unknown_rank": (3, "bool", False)},
    "Tensor": {
        "dtype": (1, "int32", False),  # an enum travels as its number
        "tensor_shape": (2, "TensorShape", False),
        "tensor_content": (4, "bytes", False),
        "float_val": (5, "float", True),
        "string_val": (8, "bytes", True),
    },
    "Version": {"value": (1, "int64", False)},
    "ModelSpec": {
        "name": (1, "string", False),
        "version": (2, "Version", False),
        "signature_name": (3, "string", False),
        "version_label": (4, "string", False),
    },
    "PredictRequest": {
        "model_spec": (1, "ModelSpec", False),
        "inputs": (2, ("string", "Tensor"), True),
        "output_filter": (3, "string", True),
    },
    # Of the answer only who gives it: its other field, the signatures, is skipped as unknown.
    "GetModelMetadataRequest": {"model_spec": (1, "ModelSpec", False), "metadata_field": (2, "string", True)},
    "GetModelMetadataResponse": {"model_spec": (1, "ModelSpec", False)},
    "PredictResponse": {"outputs": (1, ("string", "Tensor"), True), "model_spec": (2, "ModelSpec", False)},
}


def _add_field(
    message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str, repeated: bool
) -> None:
    field = message.field.add(name=name, number=number)
    field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    if hasattr(_Field, f"TYPE_{kind.upper()}"):
        field.type = getattr(_Field, f"TYPE_{kind.upper()}")
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


def _add_map_entry(message: descriptor_pb2.DescriptorProto, field: str, key: str, value: str) -> str:
    entry = message.nested_type.add(name=field.capitalize() + "Entry")
    entry.options.map_entry = True
    _add_field(entry, "key", 1, key, repeated=False)
    _add_field(entry, "value", 2, value, repeated=False)
    return f"{message.name}.{entry.name}"


def _describe() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="deepfake_inspector/serving.proto", package=_PACKAGE, syntax="proto3"
    )
    for message_name, fields in _SCHEMA.items():
        message = file.message_type.add(name=message_name)
        for name, (number, kind, repeated) in fields.items():
            if isinstance(kind, tuple):
                kind = _add_map_entry(message, name, *kind)
            _add_field(message, name, number, kind, repeated)
    return file


def _message_classes() -> dict[str, type]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_describe().SerializeToString())
    if hasattr(message_factory, "GetMessageClass"):  # protobuf 4.22 and later
        make = message_factory.GetMessageClass
    else:
        make = message_factory.MessageFactory(pool).GetPrototype
    return {name: make(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _SCHEMA}


_classes = _message_classes()
PredictRequest = _classes["PredictRequest"]
PredictResponse = _classes["PredictResponse"]
GetModelMetadataRequest = _classes["GetModelMetadataRequest"]
GetModelMetadataResponse = _classes["GetModelMetadataResponse"]
