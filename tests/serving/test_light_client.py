"""The client where nothing but grpcio and protobuf is installed, on another Python than the stack's."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from serving.client import Client

REPOSITORY = Path(__file__).parents[2]
VERSIONS = [f"3.{minor}" for minor in (12, 11, 13, 10) if minor != sys.version_info.minor]

CLIENT = """
import asyncio, importlib.util, json, pathlib, sys

from serving import wire
from serving.aio_client import AsyncClient
from serving.client import Client, Tls

address, folder = sys.argv[1], pathlib.Path(sys.argv[2])
paths = sorted(folder.iterdir())
with Client(address, model_name="m", batch_size=2) as client:
    verdicts = [verdict.as_dict() for verdict in client.predict_images(paths)]

async def ask():
    async with AsyncClient(address, model_name="m", batch_size=2) as client:
        return [verdict.as_dict() async for verdict in client.stream(paths)]

awaited = asyncio.run(ask())
Tls().credentials()
images = [path.read_bytes() for path in paths]
requests = [wire.predict_request(images, "m", version) for version in (None, 123)]
json.dump(
    {
        "python": "%d.%d" % sys.version_info[:2],
        "from": str(pathlib.Path(sys.modules["serving"].__file__).parent),
        "present": [name for name in NAMES if importlib.util.find_spec(name)],
        "verdicts": verdicts,
        "awaited": awaited,
        "requests": [request.SerializeToString(deterministic=True).hex() for request in requests],
    },
    sys.stdout,
)
"""
ABSENT = [
    "tensorflow",
    "tensorflow_serving",
    "tfx",
    "keras",
    "numpy",
    "PIL",
    "pipeline",
    "components",
    "data",
]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """``bare(code, *arguments)`` runs code on a bare Python, in a folder that holds ``serving`` and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(REPOSITORY / "serving", folder / "serving", ignore=shutil.ignore_patterns("__pycache__"))
    # What would bring packages of the stack back stays out.
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))
    }
    python = _environment(folder, variables)

    def run(code: str, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [python, "-c", code, *map(str, arguments)],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def found(bare, server, detector, tmp_path_factory) -> dict:
    """What the client says there about the detector's images."""
    folder = tmp_path_factory.mktemp("images")
    for position, image in enumerate(detector.images):
        (folder / f"{position}.img").write_bytes(image)
    result = bare(CLIENT.replace("NAMES", repr(ABSENT)), server.address, folder)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_tensorflow_cannot_be_imported_there(bare):
    result = bare("import tensorflow")

    assert result.returncode == 1
    assert "ModuleNotFoundError: No module named 'tensorflow'" in result.stderr


def test_it_is_another_python_with_nothing_of_the_stack(found):
    assert found["python"] in VERSIONS
    assert found["present"] == []
    assert Path(found["from"]).parent != REPOSITORY


def test_scores_and_decisions_are_those_of_the_model(found, detector):
    verdicts = found["verdicts"]

    assert [verdict["score"] for verdict in verdicts] == pytest.approx(detector.scores, abs=1e-6)
    decisions = ["fake" if score >= detector.threshold else "real" for score in detector.scores]
    assert [verdict["decision"] for verdict in verdicts] == decisions
    assert set(decisions) == {"fake", "real"}


def test_verdicts_are_those_of_the_client_here(found, server, detector):
    with Client(server.address, model_name="m", batch_size=2) as client:
        verdicts = client.predict_images(detector.images)

    # Through JSON, as those from there came.
    here = json.loads(json.dumps([verdict.as_dict() | {"path": None} for verdict in verdicts]))
    there = [verdict | {"path": None} for verdict in found["verdicts"]]
    scores = [[verdict.pop("score") for verdict in verdicts] for verdicts in (there, here)]
    assert there == here
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_the_one_for_asyncio_says_the_same(found):
    without_score = [
        [{key: value for key, value in verdict.items() if key != "score"} for verdict in found[name]]
        for name in ("verdicts", "awaited")
    ]
    assert without_score[0] == without_score[1]
    scores = [[verdict["score"] for verdict in found[name]] for name in ("verdicts", "awaited")]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_requests_made_there_are_byte_identical(found, detector):
    official = predict_pb2.PredictRequest()
    official.model_spec.name = "m"
    official.model_spec.signature_name = "serving_bytes"
    official.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(detector.images))
    latest = official.SerializeToString(deterministic=True).hex()
    official.model_spec.version.value = 123

    assert found["requests"] == [latest, official.SerializeToString(deterministic=True).hex()]


def _environment(folder: Path, variables: dict[str, str]) -> Path:
    """The Python of a new environment with grpcio and protobuf; skips the test where there is no way to one."""
    uv = next(filter(None, map(shutil.which, (REPOSITORY / ".uv/bin/uv", "uv"))), None)
    if uv is None:
        pytest.skip("there is no uv, neither in .uv nor on PATH")

    def run(*arguments: str | Path, **more: str) -> str | None:
        """None when done, else the last thing that uv said."""
        try:
            result = subprocess.run(
                [uv, *map(str, arguments)],
                cwd=folder,
                env=variables | more,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "no answer within 120 s"
        return None if result.returncode == 0 else result.stderr.strip().splitlines()[-1].strip()

    def create(python: str | Path, *options: str, **more: str) -> str | None:
        return run("venv", "--quiet", "--no-project", *options, "--python", python, "environment", **more)

    # uv does not look behind pyenv's shims, which may be dead.
    kept = [
        python
        for version in VERSIONS
        for python in Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    ]
    if all(create(python, "--no-python-downloads") for python in VERSIONS + kept):
        # What is fetched for this test goes with it.
        fetched = {"UV_PYTHON_INSTALL_DIR": str(folder / "pythons"), "UV_HTTP_RETRIES": "1"}
        if problem := create(VERSIONS[0], **fetched):
            pytest.skip(f"no other Python is here, and {VERSIONS[0]} cannot be fetched: {problem}")
    python = folder / "environment/bin/python"
    if problem := run("pip", "install", "--quiet", "--python", python, "grpcio", "protobuf"):
        pytest.skip(f"grpcio and protobuf cannot be installed: {problem}")
    return python
