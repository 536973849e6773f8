"""Messages of protobuf from a table, where a package that brings them generated would be far too large, or has none.

They live in a descriptor pool of their own, so that nothing clashes with the same messages generated elsewhere.
"""

from collections.abc import Mapping

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto

Schema = Mapping[str, Mapping[str, tuple]]
"""message: {field: (number, type, repeated)}; a type is a scalar of protobuf or a message of the same table, and a
pair means a map from the first to the second."""


def message_classes(package: str, schema: Schema) -> dict[str, type]:
    """The classes of a table's messages, by name.

    Args:
        package: of protobuf, for their full names.
        schema: the table.
    """
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_describe(package, schema).SerializeToString())
    if hasattr(message_factory, "GetMessageClass"):  # protobuf 4.22 and later
        make = message_factory.GetMessageClass
    else:
        make = message_factory.MessageFactory(pool).GetPrototype
    return {name: make(pool.FindMessageTypeByName(f"{package}.{name}")) for name in schema}


def _describe(package: str, schema: Schema) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package.replace('.', '/')}.proto", package=package, syntax="proto3"
    )
    for message_name, fields in schema.items():
        message = file.message_type.add(name=message_name)
        for name, (number, kind, repeated) in fields.items():
            if isinstance(kind, tuple):
                kind = _add_map_entry(package, message, name, *kind)
            _add_field(package, message, name, number, kind, repeated)
    return file


def _add_map_entry(
    package: str, message: descriptor_pb2.DescriptorProto, field: str, key: str, value: str
) -> str:
    entry = message.nested_type.add(name=field.capitalize() + "Entry")
    entry.options.map_entry = True
    _add_field(package, entry, "key", 1, key, repeated=False)
    _add_field(package, entry, "value", 2, value, repeated=False)
    return f"{message.name}.{entry.name}"


def _add_field(
    package: str,
    message: descriptor_pb2.DescriptorProto,
    name: str,
    number: int,
    kind: str,
    repeated: bool,
) -> None:
    field = message.field.add(name=name, number=number)
    field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    if hasattr(_Field, f"TYPE_{kind.upper()}"):
        field.type = getattr(_Field, f"TYPE_{kind.upper()}")
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{package}.{kind}"
