"""kfp's newest client sends what the installed one does."""

import json
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[4]
_SECRET = "s3cr3t-t0ken"  # noqa: S105 - of a stand-in
_SUBMISSION = {
    "run_name": "first",
    "experiment": "nightly",
    "parameters": {"span": 3, "rate": 0.5, "tags": ["b"], "fast": True},
    "pipeline_root": "minio://bucket/runs",
    "caching": False,
    "service_account": "trainer",
}


@pytest.fixture(scope="module")
def newest_kfp(tmp_path_factory):
    """The Python of an environment with the newest release of kfp; skips where no package index answers."""
    folder = tmp_path_factory.mktemp("newest") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    own = REPOSITORY / ".uv" / "bin" / "uv"
    if uv := own if own.exists() else shutil.which("uv"):
        install = [uv, "pip", "install", "--quiet", "--python", python, "kfp"]
    else:
        subprocess.run([python, "-m", "ensurepip"], check=True, capture_output=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "kfp"]
    done = subprocess.run([*map(str, install)], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"no package index to get kfp from: {done.stderr.strip().splitlines()[-1:]}")
    return python


def _sent_by(python: Path, package: Path, api) -> tuple[dict, dict]:
    """What the process answers, and the bodies that arrived by the end of their paths."""
    api.asked.clear()
    api.token, api.experiments = _SECRET, {}
    details = {"task_details": [{"display_name": "learn", "state": "SUCCEEDED"}]}
    api.states = [
        {"state": "RUNNING", "run_details": details},
        {"state": "SUCCEEDED", "run_details": details},
    ]
    asked = {"endpoint": api.url, "namespace": "team", "token": _SECRET, "package": str(package)}
    done = subprocess.run(
        [python, "tests/support/submit_with_kfp.py", json.dumps(asked | {"submission": _SUBMISSION})],
        **{"cwd": REPOSITORY, "capture_output": True, "text": True, "timeout": 300, "check": False},
        env={"PATH": "/usr/bin:/bin", "HOME": str(package.parent)},
    )
    assert done.returncode == 0, done.stderr
    assert {each.headers["authorization"] for each in api.asked} == {f"Bearer {_SECRET}"}
    bodies = {}
    for end in ("/experiments", "/runs", "/recurringruns"):
        (request,) = api.posted(end)
        bodies[end] = request.body
    return json.loads(done.stdout), bodies


@pytest.mark.slow
def test_the_newest_kfp_sends_the_same(newest_kfp, compiled, api):
    here, expected = _sent_by(Path(sys.executable), compiled, api)
    there, sent = _sent_by(newest_kfp, compiled, api)
    assert tuple(map(int, there["kfp"].split(".")[:2])) >= (2, 17)
    assert here["kfp"] == metadata.version("kfp")
    assert sent == expected
    assert sent["/runs"]["runtime_config"]["parameters"] == _SUBMISSION["parameters"]
    assert sent["/runs"]["pipeline_spec"]["platform_spec"]["platforms"]["kubernetes"]
    for answer in (here, there):
        assert answer["request"]["body"] | {"experiment_id": "id-of-nightly"} == sent["/runs"]
        assert _SECRET not in json.dumps(answer)
        assert (answer["run"], answer["state"], answer["recurring"]) == ("run-1", "succeeded", "recurring-1")
        assert answer["nodes"] == {"learn": "succeeded"}
        assert answer["heavy"] == []
