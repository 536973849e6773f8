"""What changed is done again, and nothing else: the source of a step counts as change."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_MAIN = "from pipeline.cli import main; main()"


@pytest.fixture
def copy(tmp_path):
    """A copy of the source, free to edit."""
    for package in ("pipeline", "components", "data", "serving"):
        shutil.copytree(_ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.slow
def test_an_edit_of_the_trainer_trains_again(copy, home, first_run):
    def run() -> tuple[list[str], dict]:
        finished = subprocess.run(
            [
                *(sys.executable, "-c", _MAIN, "run", "--config", home / "tiny.yaml"),
                *("--data", home / "records", "--workspace", home / "workspace", "--json"),
            ],
            # The copy stands before the installed project.
            env=os.environ | {"PYTHONPATH": str(copy)},
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert finished.returncode == 0, finished.stderr
        done = [line.split(":")[0] for line in finished.stderr.splitlines() if ": done," in line]
        return done, json.loads(finished.stdout)

    done, report = run()
    # A model is served by now, so the gate compares with what it was trained on.
    assert done == ["DataGate", "LatestBlessed"]
    assert report["model"] == first_run.json["model"]

    stages = copy / "components/trainer/stages.py"
    stages.write_text(stages.read_text() + "\n# An edit.\n")
    done, report = run()
    assert done == ["Trainer", "LatestBlessed", "Evaluator", "Scoring", "ServingCheck", "Pusher"]
    assert report["model"] != first_run.json["model"]
    assert report["pushed_to"] != first_run.json["pushed_to"]
