"""`deepfake-inspector kubeflow execute`, as a person calls it."""

import dataclasses
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.cli import main

_MAIN = "from pipeline.cli import main; main()"


@dataclasses.dataclass(frozen=True)
class _Finished:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(monkeypatch, capfd, tmp_path) -> Callable[..., _Finished]:
    """``command(spec, *options)``: runs it to its end, in this process."""

    def run(spec: Path, *options: object) -> _Finished:
        words = ("deepfake-inspector", "kubeflow", "execute", spec, "--root", tmp_path / "root", *options)
        monkeypatch.setattr(sys, "argv", [str(word) for word in words])
        with pytest.raises(SystemExit) as ended:
            main()
        return _Finished(ended.value.code, *capfd.readouterr())

    return run


def test_it_shows_nodes_and_answers_json(command, maker):
    maker.parameter("x", "STRING", defaultValue="unused")
    maker.task("A", resources={"memoryLimit": 8.0})
    maker.task("B", inputs=("A",))
    finished = command(maker.write(), "--param", "x=1=2", "--json")
    assert finished.returncode == 0, finished.stderr
    answer = json.loads(finished.stdout)
    assert (answer["mode"], answer["state"], list(answer["nodes"])) == ("oss", "done", ["A", "B"])
    assert (Path(answer["nodes"]["B"]["artifacts"]["made"]) / "text").read_text() == "A+B"
    lines = finished.stderr.splitlines()
    assert lines[0] == "not applied here: A: 8 GB of memory"
    assert [line.split(",")[0] for line in lines[1:]] == ["A: done", "B: done"]


def test_a_pipeline_job_is_executed_as_vertex_would(command, maker):
    maker.task("A")
    finished = command(maker.write("job.json"))
    assert finished.returncode == 0, finished.stderr
    [first, line] = finished.stdout.splitlines()
    assert first == "Done: 1 nodes. What they made:"
    assert Path(line.split()[1]).joinpath("text").read_text() == "A"
    assert "/artifacts/small/" in line


def test_a_node_that_fails_is_exit_code_1_with_its_last_words(command, maker):
    maker.task("A", ["python", "-c", "raise SystemExit('no more')"])
    finished = command(maker.write())
    assert finished.returncode == 1
    assert "Failed: A failed with exit code 1. The last lines of its log:\n  no more\n" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_wrong_call_is_exit_code_2(command, maker, tmp_path):
    maker.task("A")
    spec = maker.write()
    for wrong, expected in (
        (("--param", "x"), "--param: expected NAME=VALUE, received 'x'."),
        (("--param", "x=1"), "--param: expected one of none, received 'x'."),
        (("--mode", "local"), "'local' is not one of 'oss', 'vertex'."),
    ):
        finished = command(spec, *wrong)
        assert finished.returncode == 2
        assert expected in finished.stderr
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_node_and_says_so(maker, tmp_path, number, code):
    tells = (
        "import os, pathlib, time; pathlib.Path('../../pid').write_text(str(os.getpid())); time.sleep(600)"
    )
    maker.task("A", ["python", "-c", tells])
    words = [sys.executable, "-c", _MAIN, "kubeflow", "execute", maker.write(), "--root", tmp_path / "root"]
    with subprocess.Popen(words, cwd=Path(__file__).parents[4], stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        while not (pids := list((tmp_path / "root/runs").glob("*/pid"))) or not pids[0].read_text():
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "A: stopped after" in said
    assert not Path(f"/proc/{pids[0].read_text()}").exists()
    assert json.loads((pids[0].parent / "run.json").read_text())["state"] == "stopped"
