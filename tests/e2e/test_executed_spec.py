"""The compiled pipeline, executed as a cluster would: through to a push, and the same as a local run."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml

from components.report.file_names import METRICS_FILE, PAGE_FILE

_REPOSITORY = Path(__file__).parents[2]
_STOCK = "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"
_IMAGES = 200
# One epoch learns nothing: any model is blessed.
_CONFIG = """
name: executed
model: {weights: none, image_size: 32, batch_normalization_momentum: 0.5}
training:
  stages: [{name: all, trainable: all, epochs: 1, learning_rate: 1.0e-3}]
evaluation:
  bounds: [{metric: accuracy, at_least: 0}]
  robustness: false
  attacks: {images: 0}
"""

pytestmark = [pytest.mark.slow, pytest.mark.executed, pytest.mark.timeout(1800)]


def _inspector(*arguments: object) -> subprocess.CompletedProcess:
    # Not the installed command: the nodes run this checkout, and so must the local run.
    code = "from pipeline.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=_REPOSITORY,
        capture_output=True,
        text=True,
        timeout=1700,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Records of drawn faces, and a configuration."""
    from data.demo.faces import draw_demo_set
    from data.importing import import_images

    folder = tmp_path_factory.mktemp("executed")
    draw_demo_set(folder / "faces", _IMAGES, size=64)
    import_images(folder / "faces", folder / "records")
    (folder / "config.yaml").write_text(_CONFIG)
    return folder


@pytest.fixture(scope="module")
def specs(folder) -> dict[str, Path]:
    """The compiled pipeline for each mode, and `stock`: the first, but with TFX's own entrypoint."""
    found = {"oss": folder / "spec.yaml", "vertex": folder / "job.json", "stock": folder / "stock.yaml"}
    common = ("--config", folder / "config.yaml", "--image", "example/inspector:1")
    commands = {
        "oss": (
            *("kubeflow", "compile", *common, "--pipeline-root", "minio://mlpipeline/v2/artifacts"),
            *("--records", folder / "records", "--push-to", folder / "oss/models"),
        ),
        # Its parameters get other values when it is executed.
        "vertex": (
            *("vertex", "compile", *common, "--pipeline-root", "gs://bucket/root"),
            *("--records", "gs://bucket/records", "--local-records", folder / "records"),
            *("--push-to", "gs://bucket/models"),
        ),
    }
    for mode, words in commands.items():
        finished = _inspector(*words, "--out", found[mode])
        assert finished.returncode == 0, finished.stderr
    documents = list(yaml.safe_load_all(found["oss"].read_text()))
    for executor in documents[0]["deploymentSpec"]["executors"].values():
        executor["container"]["command"] = ["python", "-m", _STOCK]
    found["stock"].write_text(yaml.safe_dump_all(documents))
    return found


@pytest.fixture(scope="module")
def ended(folder, specs) -> dict[str, subprocess.CompletedProcess]:
    """What came of the local run, of both modes, and of TFX's own entrypoint."""
    commands = {
        "local": (
            *("run", "--config", folder / "config.yaml", "--data", folder / "records"),
            *("--workspace", folder / "workspace", "--json"),
        ),
        "oss": ("kubeflow", "execute", specs["oss"], "--root", folder / "oss", "--json"),
        "vertex": (
            *("kubeflow", "execute", specs["vertex"], "--root", folder / "vertex", "--json"),
            *("--param", f"records={folder / 'records'}", "--param", f"push_to={folder / 'vertex/models'}"),
        ),
        # Without object storage, which TFX cannot open either.
        "stock": (
            *("kubeflow", "execute", specs["stock"], "--root", folder / "stock", "--mode", "oss"),
            "--plain-files",
        ),
    }
    # Nodes spend most of their time on imports, on one core: two runs at a time take no longer than one.
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(commands, pool.map(lambda words: _inspector(*words), commands.values()), strict=True))


@pytest.fixture(scope="module")
def local(ended) -> dict:
    """The report of the local run."""
    assert ended["local"].returncode == 0, ended["local"].stderr
    return json.loads(ended["local"].stdout)


@pytest.fixture(scope="module", params=["oss", "vertex"])
def executed(ended, request) -> dict:
    """What was executed in one mode: node by name, each with its artifacts."""
    finished = ended[request.param]
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def _artifact(executed: dict, node: str, key: str) -> Path:
    return Path(executed["nodes"][node]["artifacts"][key])


def _pushed(executed: dict, folder: Path) -> Path:
    [version] = (folder / executed["mode"] / "models").iterdir()
    return version


def _flat(value: object, path: str = "") -> dict[str, object]:
    """The leaves of what JSON holds, by their path."""
    if isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {leaf: one for key, inner in items for leaf, one in _flat(inner, f"{path}/{key}").items()}
    return {path: value}


def test_every_node_ran_through_to_the_push(executed, folder):
    assert {node["state"] for node in executed["nodes"].values()} == {"done"}
    assert list(executed["nodes"])[-2:] == ["Pusher", "Report"]
    assert {"ImportExampleGen", "DataGate", "Trainer", "LatestBlessed", "ServingCheck"} <= set(
        executed["nodes"]
    )
    assert (_pushed(executed, folder) / "saved_model.pb").is_file()


def test_the_last_node_reports_what_the_local_run_does(executed, local):
    report = _artifact(executed, "Report", "report")
    assert "<html" in (report / PAGE_FILE).read_text()
    told = json.loads((report / METRICS_FILE).read_text())
    assert told["blessed"] is local["blessed"] is True
    assert [one.keys() for one in told["slices"]] == [one.keys() for one in local["slices"]]


def test_the_metrics_are_those_of_the_local_run(executed, local):
    from components.evaluator.results import read_metrics

    slices = [one.as_dict() for one in read_metrics(_artifact(executed, "Evaluator", "evaluation"))]
    assert len(slices) > 3
    # Not bit by bit: the Evaluator's batches are as large as the machine is fast, and sums are rounded by batch.
    ours, theirs = _flat(slices), _flat(local["slices"])
    numbers = {path for path, value in theirs.items() if isinstance(value, float)}
    assert len(numbers) > 100
    assert {path: ours.pop(path, None) for path in numbers} == pytest.approx(
        {path: theirs.pop(path) for path in numbers}, rel=0, abs=1e-6
    )
    assert ours == theirs


def test_the_scores_are_those_of_the_local_run(executed, folder):
    from components.scoring.table import read_scores

    [theirs] = (folder / "workspace/artifacts/Scoring/scores").iterdir()
    keys = [("split", "ascending"), ("sha256", "ascending")]
    ours, theirs = (
        read_scores(path).sort_by(keys) for path in (_artifact(executed, "Scoring", "scores"), theirs)
    )
    assert ours["sha256"].equals(theirs["sha256"])
    assert len(ours) > 30
    assert np.ptp(ours["score"].to_numpy()) > 1e-4, "they differ by more than they may be apart"
    np.testing.assert_allclose(ours["score"].to_numpy(), theirs["score"].to_numpy(), rtol=0, atol=1e-6)


def test_the_pushed_model_answers_as_the_local_one(executed, local, folder):
    import tensorflow as tf

    images = [path.read_bytes() for path in sorted((folder / "faces").rglob("*.jpg"))[:8]]
    ours, theirs = (
        tf.saved_model.load(str(path)).signatures["serving_bytes"](image_bytes=tf.constant(images))
        for path in (_pushed(executed, folder), Path(local["pushed_to"]))
    )
    assert set(ours) == set(theirs)
    np.testing.assert_allclose(ours["score"], theirs["score"], rtol=0, atol=1e-6)


def test_tfxs_own_entrypoint_fails_where_types_are_missing(ended):
    assert ended["stock"].returncode == 1
    assert "'NoneType' object has no attribute 'get'" in ended["stock"].stderr
