"""Settings in YAML: read, laid over defaults, changed by `key=value`, and explained where they are wrong."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.errors import ConfigError


def read_keys(path: Path, what: str) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Args:
        path: the file.
        what: what it is, for the error.

    Raises:
        ConfigError: it cannot be read, is no YAML, or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{what} '{path}': expected YAML, {_problem(error)}.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{what} '{path}': expected keys and values, received {content!r}.")
    return content


def merged(defaults: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Both, one inside the other: what `content` says counts, key by key, and lists as a whole."""
    both = defaults | content
    for key, default in defaults.items():
        if isinstance(default, dict) and isinstance(content.get(key), dict):
            both[key] = merged(default, content[key])
    return both


def apply_override(content: dict[str, Any], override: str, option: str = "--set") -> None:
    """Sets one value in place, as `option` of the command line does; lists are addressed by position.

    Raises:
        ConfigError: it is no `key=value`, the value is no YAML, or there is no such key.
    """
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise ConfigError(f"{option}: expected key=value, received '{override}'.")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{option} {override}: expected a value in YAML, {_problem(error)}.") from error
    *parents, last = key.split(".")
    where: Any = content
    try:
        for name in parents:
            where = where[int(name)] if isinstance(where, list) else where.setdefault(name, {})
        where[int(last) if isinstance(where, list) else last] = value
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        raise ConfigError(f"{option} {override}: there is no such key to set ({error}).") from error


def explained(error: ValidationError) -> str:
    """One clause a mistake: key, what is wrong, what came."""
    clauses = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            clauses.append(f"unknown key '{key}'")
        else:
            message = item["msg"].removeprefix("Value error, ")
            # Checks of our own say themselves what came.
            received = "" if item["type"] == "value_error" else f", received {item['input']!r}"
            where = f"{key}: " if key else ""
            clauses.append(f"{where}{message[0].lower()}{message[1:]}{received}".removesuffix("."))
    return "; ".join(clauses) + "."


def _problem(error: yaml.YAMLError | UnicodeDecodeError) -> str:
    """What PyYAML found and where, in one line instead of its six."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"but line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return f"but {' '.join(str(error).split())}"
