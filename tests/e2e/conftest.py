"""The whole chain once, through the command line alone: import, run, serve."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

_COMMAND = Path(sys.executable).parent / "deepfake-inspector"
_PER_CLASS = 60

TINY = """
name: tiny
model: {weights: none, image_size: 32, batch_normalization_momentum: 0.5}
training:
  stages:
    - {name: frozen, trainable: none, epochs: 1}
    - {name: all, trainable: all, epochs: 6, learning_rate: 1.0e-3}
evaluation: {attacks: {images: 0}}
"""


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(scope="session")
def inspector():
    """``inspector(*arguments)``: runs the installed command and returns what came of it."""

    def run(*arguments, timeout=600) -> Finished:
        finished = subprocess.run(
            [_COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False
        )
        return Finished(finished.returncode, finished.stdout, finished.stderr)

    return run


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """The folder of a user: images, configuration, workspace."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "tiny.yaml").write_text(TINY)
    rng = np.random.default_rng(0)
    for name, brightness in (("real", 60), ("fake/bright", 190)):
        (folder / "faces" / name).mkdir(parents=True)
        for number in range(_PER_CLASS):
            coarse = rng.integers(-50, 50, (8, 8, 3)) + brightness
            image = Image.fromarray(coarse.astype(np.uint8)).resize((80, 64), Image.Resampling.BICUBIC)
            image.save(folder / "faces" / name / f"{number}.{('jpg', 'png')[number % 2]}")
    (folder / "faces/real/broken.jpg").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="session")
def imported(home, inspector) -> dict:
    """The dataset card of the imported images."""
    finished = inspector(
        "data", "import", home / "faces", "--layout", "folder", "--out", home / "records", "--json"
    )
    assert finished.code == 0, finished.err
    return finished.json


@pytest.fixture(scope="session")
def run_tiny(home, inspector):
    """``run_tiny(records)``: runs the pipeline on a folder of records, in the user's workspace."""

    def run(records: Path) -> Finished:
        return inspector(
            *("run", "--config", home / "tiny.yaml", "--data", records),
            *("--workspace", home / "workspace", "--json"),
        )

    return run


@pytest.fixture(scope="session")
def first_run(home, imported, run_tiny) -> Finished:
    """The pipeline's first run."""
    finished = run_tiny(home / "records")
    assert finished.code == 0, finished.err
    return finished


@pytest.fixture(scope="session")
def server(home, first_run):
    """The address of a `serve` process on the user's workspace."""
    process = subprocess.Popen(
        [_COMMAND, "serve", "--workspace", home / "workspace", "--port", "0", "--rest-api-port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    address, said = None, []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r" at (\S+:\d+) \(gRPC\)", line):
            address = found[1]
        if "available" in line.lower():
            break
    assert address, "".join(said)
    yield address
    process.terminate()
    _, said_last = process.communicate(timeout=60)
    assert process.returncode == 0, said_last
