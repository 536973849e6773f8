"""Values for the parameters of a pipeline: given by the user, by the file, or by default."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.errors import ConfigError
from pipeline.runners.executing.compiled import CompiledSpec

_TYPES = pipeline_spec_pb2.ParameterType.ParameterTypeEnum


def parameter_values(compiled: CompiledSpec, given: Mapping[str, str]) -> dict[str, struct_pb2.Value]:
    """The value of each parameter.

    Args:
        compiled: declares the parameters, each with its type and perhaps a default.
        given: values as text; those of lists and dictionaries as JSON.

    Raises:
        ConfigError: a name that is not declared, text that is not of the type, or a parameter without a value.
    """
    declared = compiled.spec.root.input_definitions.parameters
    if unknown := sorted(set(given) - set(declared)):
        known = ", ".join(sorted(declared)) or "none"
        raise ConfigError(f"--param: expected one of {known}, received '{unknown[0]}'.")
    values: dict[str, struct_pb2.Value] = {}
    for name, parameter in declared.items():
        if name in given:
            values[name] = _parsed(name, given[name], parameter.parameter_type)
        elif name in compiled.parameter_values:
            values[name] = compiled.parameter_values[name]
        elif parameter.HasField("default_value"):
            values[name] = parameter.default_value
        elif not parameter.is_optional:
            raise ConfigError(
                f"Parameter '{name}' has no default, and no value was given: a cluster would refuse the run. "
                f"Expected --param {name}=VALUE."
            )
    return values


def _parsed(name: str, text: str, kind: int) -> struct_pb2.Value:
    parse = _PARSERS.get(kind)
    try:
        if parse is None:
            raise ValueError
        return json_format.ParseDict(parse(text), struct_pb2.Value())
    except (ValueError, KeyError, json_format.ParseError):
        expected = _TYPES.Name(kind).lower().replace("_", " ")
        raise ConfigError(f"--param {name}: expected a {expected}, received '{text}'.") from None


def _of(kind: type) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = json.loads(text)
        if not isinstance(value, kind):
            raise ValueError
        return value

    return parse


_PARSERS: dict[int, Callable[[str], Any]] = {
    _TYPES.STRING: str,
    _TYPES.NUMBER_INTEGER: int,
    _TYPES.NUMBER_DOUBLE: float,
    _TYPES.BOOLEAN: lambda text: {"true": True, "false": False}[text.lower()],
    _TYPES.LIST: _of(list),
    _TYPES.STRUCT: _of(dict),
}
