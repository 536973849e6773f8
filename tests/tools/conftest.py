"""A made-up machine for the scripts: what they find on PATH and in HOME is chosen by the test."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


class Machine:
    """A PATH, a HOME and a checkout in a temporary folder.

    Attributes:
        programs: the only folder on PATH; holds links to the few real tools and what `program` puts there.
        home: HOME; empty at first.
        checkout: the repository as the script sees it; holds the script alone.
        path: the folders of PATH, first to last.
    """

    def __init__(self, folder: Path, script: str, tools: Iterable[str]):
        self.programs, self.home, self.checkout = folder / "programs", folder / "home", folder / "checkout"
        for created in (self.programs, self.home, self.checkout / "tools"):
            created.mkdir(parents=True)
        self.path = [self.programs]
        self.script = Path(shutil.copy2(REPOSITORY / "tools" / script, self.checkout / "tools"))
        for tool in tools:
            (self.programs / tool).symlink_to(shutil.which(tool))

    def program(self, name: str, code: str, folder: Path | None = None) -> Path:
        """Puts a shell script on PATH, or into another folder."""
        file = (folder or self.programs) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/sh\n{code}\n")
        file.chmod(0o755)
        return file

    def environment(self, **variables: str) -> dict[str, str]:
        """Nothing of the test's own environment gets through."""
        return {"PATH": os.pathsep.join(map(str, self.path)), "HOME": str(self.home), **variables}

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.script, *arguments],
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def machine(tmp_path):
    """``machine(script, tools)``: a machine with that script of the repository and these real tools."""
    return lambda script, tools: Machine(tmp_path, script, tools)
