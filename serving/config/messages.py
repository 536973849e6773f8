"""The messages of TensorFlow Serving's configuration files that are not in tensorflow-serving-api.

Field numbers and types are from tensorflow_serving/config/{ssl_config,monitoring_config}.proto and
tensorflow_serving/servables/tensorflow/session_bundle_config.proto; the wrappers of google.protobuf are spelled out.
"""

from serving.message_table import message_classes

_PACKAGE = "deepfake_inspector.serving.config"

# message: {field: (number, type, repeated)}
_SCHEMA = {
    "Int64Value": {"value": (1, "int64", False)},
    "StringValue": {"value": (1, "string", False)},
    "BoolValue": {"value": (1, "bool", False)},
    "SSLConfig": {
        "server_key": (1, "string", False),
        "server_cert": (2, "string", False),
        "custom_ca": (3, "string", False),
        "client_verify": (4, "bool", False),
    },
    "PrometheusConfig": {"enable": (1, "bool", False), "path": (2, "string", False)},
    "MonitoringConfig": {"prometheus_config": (1, "PrometheusConfig", False)},
    "BatchingParameters": {
        "max_batch_size": (1, "Int64Value", False),
        "batch_timeout_micros": (2, "Int64Value", False),
        "max_enqueued_batches": (3, "Int64Value", False),
        "num_batch_threads": (4, "Int64Value", False),
        "thread_pool_name": (5, "StringValue", False),
        "allowed_batch_sizes": (6, "int64", True),
        "pad_variable_length_inputs": (7, "bool", False),
        "enable_large_batch_splitting": (8, "BoolValue", False),
        "max_execution_batch_size": (9, "Int64Value", False),
        "mixed_priority_batching_policy": (18, "StringValue", False),
    },
}

_classes = message_classes(_PACKAGE, _SCHEMA)
SSLConfig = _classes["SSLConfig"]
MonitoringConfig = _classes["MonitoringConfig"]
BatchingParameters = _classes["BatchingParameters"]
