"""The check before a push, in the fresh process it is meant for."""

import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]


def replay(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "serving.replay", *map(str, arguments)],
        cwd=_REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
