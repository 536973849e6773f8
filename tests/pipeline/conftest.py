"""A fresh interpreter for what depends on one, and a small set of drawn faces."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data.demo.faces import draw_demo_set
from data.importing import import_images

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def fresh_python() -> Callable[..., subprocess.CompletedProcess]:
    """``fresh_python(code, *arguments, **options)``: runs code in a process of its own, in the repository."""

    def run(code: str, *arguments: object, **options) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            **{"cwd": REPOSITORY, "capture_output": True, "text": True, "timeout": 120, "check": False}
            | options,
        )

    return run


@pytest.fixture(scope="session")
def faces(tmp_path_factory) -> Path:
    """Forty drawn faces, half of them fake."""
    folder = tmp_path_factory.mktemp("drawn") / "faces"
    draw_demo_set(folder, 40, size=64)
    return folder


@pytest.fixture(scope="session")
def imported(faces, tmp_path_factory) -> Path:
    """The faces as records; tests share them and must leave them as they are."""
    folder = tmp_path_factory.mktemp("imported") / "records"
    import_images(faces, folder)
    return folder
