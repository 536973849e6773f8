"""Parameters of a run, `key=value` on the command line, as the types that a compiled pipeline declares."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from pipeline.errors import ConfigError


def read_parameters(
    texts: Sequence[str], declared: Mapping[str, Mapping[str, Any]], already_given: Collection[str] = ()
) -> dict[str, Any]:
    """Reads `key=value` texts and checks them against what the pipeline declares.

    Args:
        texts: as on the command line; the value of a list or structure is JSON.
        declared: `root.inputDefinitions.parameters` of the compiled pipeline, by name.
        already_given: names that need no value, as the package brings one outside of its declarations.

    Returns:
        Values by name: str, int, float, bool, list or dict.

    Raises:
        ConfigError: a text is no `key=value`, names what is not declared, names it twice or has another type, or a
            parameter without a default is left out.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise ConfigError(f"--param: expected KEY=VALUE, received '{text}'.")
        if name not in declared:
            known = ", ".join(sorted(declared)) or "none: it has no parameters"
            raise ConfigError(f"--param {name}: expected a parameter of the pipeline ({known}).")
        if name in values:
            raise ConfigError(f"--param {name}: expected one value, received two.")
        values[name] = _typed(name, value, declared[name])
    missing = [
        name
        for name, facts in declared.items()
        if name not in values
        and name not in already_given
        and "defaultValue" not in facts
        and not facts.get("isOptional")
    ]
    if missing:
        raise ConfigError(
            f"Expected a value for {', '.join(missing)}, which {'has' if len(missing) == 1 else 'have'} no default. "
            f"Add --param {missing[0]}=VALUE."
        )
    return values


def _typed(name: str, text: str, facts: Mapping[str, Any]) -> Any:
    # Schema 2.1 says parameterType, schema 2.0 says type.
    kind = facts.get("parameterType") or facts.get("type") or "STRING"
    if kind not in _READERS:
        return text
    wanted, read = _READERS[kind]
    try:
        return read(text)
    except ValueError as error:
        raise ConfigError(f"--param {name}: expected {wanted}, received '{text}'.") from error


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _json_of(kind: type) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = json.loads(text)
        if not isinstance(value, kind):
            raise ValueError(text)
        return value

    return read


_INTEGER, _NUMBER = ("a whole number", int), ("a number", float)
_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "NUMBER_INTEGER": _INTEGER,
    "INT": _INTEGER,
    "NUMBER_DOUBLE": _NUMBER,
    "DOUBLE": _NUMBER,
    "BOOLEAN": ("true or false", _boolean),
    "LIST": ("a list in JSON", _json_of(list)),
    "STRUCT": ("an object in JSON", _json_of(dict)),
}
