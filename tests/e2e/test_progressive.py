"""Two phases on generated images, through the command line: each a run of its own, the second from the first."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline.metadata import inputs_of_maker, open_metadata
from pipeline.workspace import Workspace

_COMMAND = Path(sys.executable).parent / "deepfake-inspector"

# Nine test images decide nothing here: every phase is blessed.
PHASES = """
evaluation: {bounds: [{metric: accuracy, at_least: 0}], attacks: {images: 0}}
phases:
  - subset: {name: half, images: 60}
  - subset: mini
  - subset: full
    changes:
      training:
        stages: [{name: all, trainable: all, epochs: 1, learning_rate: 1.0e-4}]
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def arguments(home, imported, tmp_path_factory) -> list:
    """Of the command, with a workspace of this module's own."""
    folder = tmp_path_factory.mktemp("growing")
    tiny = (home / "tiny.yaml").read_text()
    (folder / "growing.yaml").write_text(tiny.replace("name: tiny", "name: growing") + PHASES)
    return [
        *("run", "--config", folder / "growing.yaml", "--data", home / "records"),
        *("--workspace", folder / "workspace", "--json"),
    ]


@pytest.fixture(scope="module")
def workspace(arguments) -> Workspace:
    return Workspace(arguments[arguments.index("--workspace") + 1])


@pytest.fixture(scope="module")
def stopped(arguments) -> tuple[int, str]:
    """Exit code and standard error of a first command, which is told to stop in its second phase."""
    command = [_COMMAND, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        killer = threading.Timer(600, process.kill)
        killer.start()
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith("Transform: done") and any(one.startswith("phase full") for one in lines):
                threading.Timer(1, process.send_signal, [signal.SIGTERM]).start()
        killer.cancel()
        return process.wait(timeout=60), "".join(lines)


@pytest.fixture(scope="module")
def report(stopped, arguments, inspector) -> tuple[dict, str]:
    """Answer and standard error of the same command, once more."""
    finished = inspector(*arguments)
    assert finished.code == 0, finished.err
    return finished.json, finished.err


def _states(err: str, phase: str) -> dict[str, str]:
    """How the nodes of a phase ended."""
    after = err.split(f"phase {phase} (")[1].split("\nphase ")[0]
    ended = (line.split(": ") for line in after.splitlines() if ": done," in line or ": cached," in line)
    return {node: state.split(",")[0] for node, state in ended}


def test_told_to_stop_it_ends_cleanly(stopped):
    code, err = stopped
    assert code == 143
    assert err.splitlines()[-1].startswith("Stopped by SIGTERM.")
    assert "Traceback" not in err


def test_the_same_command_goes_on_where_it_was_stopped(report):
    _, err = report
    assert set(_states(err, "half").values()) <= {"cached", "done"}
    assert {node for node, state in _states(err, "half").items() if state == "done"} == {"LatestBlessed"}
    assert _states(err, "full")["Transform"] == "cached"
    assert _states(err, "full")["Pusher"] == "done"


def test_phases_without_images_are_left_out(report):
    answer, err = report
    assert [one["phase"] for one in answer["phases"]] == ["half", "full"]
    [left_out] = answer["left_out"]
    assert left_out["name"] == "mini"
    assert err.index("left out   phase mini: it takes 534 real") < err.index("phase half (1 of 2): 60 images")


def test_one_table_over_all_phases(report):
    answer, _ = report
    rows = [(row["phase"], row["images"], row["split"], row["blessed"]) for row in answer["table"]]
    assert rows == [
        (phase, images, split, True)
        for phase, images in (("half", 60), ("full", 120))
        for split in ("val", "test")
    ]
    for row, phase in zip(answer["table"][1::2], answer["phases"], strict=True):
        assert row["accuracy"] == pytest.approx(phase["slices"][0]["at_tau"]["accuracy"])
        assert 0 <= row["threshold"] <= 1


def test_the_second_started_from_the_first_and_ml_metadata_knows(report, workspace):
    first, second = report[0]["phases"]
    assert (first["started_from"], second["started_from"]) == (None, first["model"])
    store = open_metadata(Workspace.create(workspace.root))
    [model] = store.get_artifacts_by_uri(str(Path(second["model"]).parent))
    trained_from = {one.uri for one in inputs_of_maker(store, model) if one.type == "Model"}
    assert trained_from == {str(Path(first["model"]).parent)}
    facts = json.loads((Path(second["model"]) / "assets.extra/detector.json").read_text())
    assert [stage["name"] for stage in facts["settings"]["training"]["stages"]] == ["all"]


def test_what_is_done_is_done(report, arguments, inspector):
    again = inspector(*arguments)
    assert again.code == 0, again.err
    for phase, anew in (("half", {"LatestBlessed"}), ("full", {"WarmStart"})):
        assert {node for node, state in _states(again.err, phase).items() if state == "done"} == anew
    assert [one["model"] for one in again.json["phases"]] == [one["model"] for one in report[0]["phases"]]
    assert again.json["table"] == report[0]["table"]


def test_a_pushed_version_is_a_start_for_another_run(report, arguments, inspector, workspace):
    version = report[0]["phases"][0]["pushed_to"]
    finished = inspector(
        *arguments,
        *("--warm-start", version),
        *("--set", "phases=[]", "--set", "training.stages=[{name: all, trainable: all, epochs: 1}]"),
    )
    assert finished.code in (0, 1), finished.err
    store = open_metadata(Workspace.create(workspace.root))
    [model] = store.get_artifacts_by_uri(str(Path(finished.json["model"]).parent))
    trained_from = {one.uri for one in inputs_of_maker(store, model) if one.type == "Model"}
    assert trained_from == {str(Path(report[0]["phases"][0]["model"]).parent)}

    refused = inspector(
        *arguments, *("--warm-start", version, "--set", "phases=[]", "--set", "model.image_size=64")
    )
    assert refused.code == 2
    assert "expected a model with image_size 64, as configured, received 32" in refused.err


def test_repeats_tell_mean_and_deviation_and_come_from_cache(home, imported, inspector, tmp_path):
    command = (
        *(
            "run",
            "--config",
            home / "tiny.yaml",
            "--data",
            home / "records",
            "--workspace",
            tmp_path,
            "--json",
        ),
        *("--repeat", 2, "--set", "training.stages=[{name: all, trainable: all, epochs: 1}]"),
    )
    first = inspector(*command)
    assert first.code in (0, 1), first.err
    repeats = first.json["repeats"]
    assert repeats["seeds"] == [42, 43]
    aucs = [run["phases"][-1]["metrics"][1]["auc"] for run in repeats["runs"]]
    [row] = [one for one in repeats["rows"] if one["split"] == "test"]
    assert row["mean"]["auc"] == pytest.approx(sum(aucs) / 2)
    assert row["std"]["auc"] == pytest.approx(abs(aucs[0] - aucs[1]) / 2**0.5)
    # The second seed trains on what the first one's run has prepared.
    assert "Transform: cached" in first.err.split("seed 43 (2 of 2)")[1]
    assert "Evaluator" not in first.err.split("seed 43 (2 of 2)")[1]

    again = inspector(*command)
    assert again.json["repeats"]["rows"] == repeats["rows"]
    assert "Trainer: done" not in again.err
