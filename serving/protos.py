"""The few TensorFlow Serving messages that a client needs, without TensorFlow.

They are built at import in a descriptor pool of their own, under a package name of their own but with
TensorFlow Serving's field numbers: the bytes on the wire are the same, and nothing clashes when
`tensorflow_serving.apis` is imported in the same process. Field numbers are from
tensorflow/core/framework/{tensor,tensor_shape}.proto and
tensorflow_serving/apis/{model,predict,get_model_metadata}.proto;
`version` is google.protobuf.Int64Value, spelled out.
"""

from serving.message_table import message_classes

_PACKAGE = "deepfake_inspector.serving"

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


_classes = message_classes(_PACKAGE, _SCHEMA)
PredictRequest = _classes["PredictRequest"]
PredictResponse = _classes["PredictResponse"]
GetModelMetadataRequest = _classes["GetModelMetadataRequest"]
GetModelMetadataResponse = _classes["GetModelMetadataResponse"]
