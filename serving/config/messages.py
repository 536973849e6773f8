"""The messages of TensorFlow Serving's configuration files that are not in tensorflow-serving-api.

Field numbers and types are from tensorflow_serving/config/{ssl_config,monitoring_config}.proto and
tensorflow_serving/servables/tensorflow/session_bundle_config.proto; the wrappers of google.protobuf are spelled out.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

_PACKAGE = "deepfake_inspector.serving.config"
_Field = descriptor_pb2.FieldDescriptorProto

# message: {field: (number, type, repeated)}
_SCHEMA = {
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
_WRAPPERS = ("Int64Value", "StringValue", "BoolValue")


def _describe() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="deepfake_inspector/serving/config.proto", package=_PACKAGE, syntax="proto3"
    )
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    for message_name, fields in _SCHEMA.items():
        message = file.message_type.add(name=message_name)
        for name, (number, kind, repeated) in fields.items():
            field = message.field.add(name=name, number=number)
            field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            if kind in _WRAPPERS or kind in _SCHEMA:
                field.type = _Field.TYPE_MESSAGE
                field.type_name = f".google.protobuf.{kind}" if kind in _WRAPPERS else f".{_PACKAGE}.{kind}"
            else:
                field.type = getattr(_Field, f"TYPE_{kind.upper()}")
    return file


def _message_classes() -> dict[str, type]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(_describe().SerializeToString())
    if hasattr(message_factory, "GetMessageClass"):  # protobuf 4.22 and later
        make = message_factory.GetMessageClass
    else:
        make = message_factory.MessageFactory(pool).GetPrototype
    return {name: make(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _SCHEMA}


_classes = _message_classes()
SSLConfig = _classes["SSLConfig"]
MonitoringConfig = _classes["MonitoringConfig"]
BatchingParameters = _classes["BatchingParameters"]
