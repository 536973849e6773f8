"""Hashes of what a step depends on and TFX does not look at: our code, and files named by path.

TFX takes a step from its cache when inputs and parameters are the same. These hashes go into the parameters, so that
an edit runs the step again.
"""

import ast
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

_OURS = ("components", "data", "serving")


def source_hash(*modules: str, files: Iterable[Path] = ()) -> str:
    """SHA-256, as 16 hex digits, over modules and all modules of this project they import, however indirectly.

    Args:
        modules: dotted names, for example `components.trainer.run`.
        files: what the modules read besides, such as templates.

    Raises:
        ModuleNotFoundError: when there is no such module.
    """
    digest = hashlib.sha256()
    for name, path in sorted(_closure(modules).items()):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content, as 16 hex digits."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()[:16]


def _closure(modules: Iterable[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for module in modules:
        if _path(module) is None:
            raise ModuleNotFoundError(f"Expected a module of this project, received '{module}'.")
    pending = list(modules)
    while pending:
        name = pending.pop()
        path = _path(name)
        if name in found or path is None:
            continue
        found[name] = path
        pending.extend(_imports(path))
        # Importing a module runs the packages that it lies in.
        pending.append(name.rpartition(".")[0] or name)
    return found


def _path(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _imports(path: Path) -> Iterator[str]:
    """Names that may be modules of ours: `from package import name` may name a module or something in one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] in _OURS)
