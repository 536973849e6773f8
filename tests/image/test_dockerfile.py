"""The Dockerfile and the locks it installs from, as they stand: linted, pinned, and for an ordinary user."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import dockerfile
import pytest

_ROOT = Path(__file__).parents[2]
_STEPS = dockerfile.parse_file(str(_ROOT / "Dockerfile"))
_LOCKS = (
    "requirements.lock",
    "requirements-gpu.lock",
    "requirements-image.lock",
    "requirements-omnigen.lock",
)


def _values(keyword: str) -> list[tuple[str, ...]]:
    return [step.value for step in _STEPS if step.cmd.upper() == keyword]


def _argument(name: str) -> str:
    [default] = [value[0].partition("=")[2] for value in _values("ARG") if value[0].startswith(f"{name}=")]
    return default


def _hadolint(file: Path) -> subprocess.CompletedProcess:
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program, "hadolint is missing. Run `make setup`."
    return subprocess.run([program, "--failure-threshold", "style", file], capture_output=True, text=True)


def test_hadolint_has_nothing_to_say():
    said = _hadolint(_ROOT / "Dockerfile")

    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ("FROM ${BASE_IMAGE}", "FROM debian:latest", "DL3007"),
        ("USER 1000:1000", "USER root", "DL3002"),
        ("WORKDIR /work", "WORKDIR work", "DL3000"),
        ("--yes --no-install-recommends", "--yes", "DL3015"),
        ("rm -rf /var/lib/apt/lists/*", "true", "DL3009"),
    ],
)
def test_hadolint_would_say_so(tmp_path, good, bad, rule):
    spoilt = tmp_path / "Dockerfile"
    text = (_ROOT / "Dockerfile").read_text()
    assert good in text
    spoilt.write_text(text.replace(good, bad))

    said = _hadolint(spoilt)

    assert said.returncode == 1
    assert rule in said.stdout


def test_the_base_is_a_release_and_may_be_given_by_its_digest():
    assert re.fullmatch(r"debian:13\.\d+-slim", _argument("BASE_IMAGE"))
    # Every stage comes of it, and none of another image.
    names = {"${BASE_IMAGE}"}
    for source, *name in _values("FROM"):
        assert source in names
        names |= set(name[1:])


def test_it_is_run_by_a_user_whom_kubernetes_can_tell_from_root():
    assert _values("USER") == [("1000:1000",)]


def test_every_program_in_it_can_be_run():
    assert not _values("ENTRYPOINT")
    assert _values("CMD") == [("deepfake-inspector", "--help")]


def test_it_is_healthy_while_a_server_in_it_can_answer_and_when_there_is_none():
    [(form, *command)] = _values("HEALTHCHECK")

    assert (form, command) == ("CMD", ["python", "-m", "serving.health", "--or-no-server"])


def test_labels_are_those_of_the_open_container_initiative():
    [pairs] = _values("LABEL")
    labels = dict(zip(pairs[::2], (value.strip('"') for value in pairs[1::2]), strict=True))
    prefix = "org.opencontainers.image."

    assert all(name.startswith(prefix) for name in labels)
    for name in ("version", "revision", "created"):
        assert labels[prefix + name] == f"${{{name.upper()}}}"
        assert _argument(name.upper())
    assert f'version = "{_argument("VERSION")}"\n' in (_ROOT / "pyproject.toml").read_text()


def test_what_is_copied_exists_and_is_not_ignored():
    allowed = [
        line[1:] for line in (_ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    copied = {
        source
        for step in _STEPS
        if step.cmd.upper() == "COPY" and not step.flags
        for source in step.value[:-1]
    }

    for source in copied:
        assert (_ROOT / source).exists()
        assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source
    # And nothing else is sent to the builder.
    assert all(any(fnmatch.fnmatch(source, pattern) for source in copied) for pattern in allowed)


def test_extras_are_those_of_the_project():
    asked = set(re.findall(r"--extra (\w+)", " ".join(value[0] for value in _values("RUN"))))
    project = (_ROOT / "pyproject.toml").read_text()

    assert asked == {"openvino", "video", "gpu"}
    assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in asked)


def test_both_builds_use_the_same_uv():
    [version] = re.findall(r"^UV_VERSION=(.*)$", (_ROOT / "tools/setup.sh").read_text(), re.MULTILINE)

    assert f"uv=={version}" in _pins("requirements-image.lock")


def _pins(lock: str) -> dict[str, str]:
    """Each pin with the text behind it, which must end in hashes."""
    text = (_ROOT / lock).read_text()
    return dict(re.findall(r"^([\w.-]+==[^\s;]+)(.*?(?:\\\n.*?)*)$", text, re.MULTILINE))


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_package_is_pinned_by_hashes(lock):
    pins = _pins(lock)
    lines = [line for line in (_ROOT / lock).read_text().splitlines() if not line.startswith((" ", "#"))]

    assert len(pins) == len(lines) > 10
    assert all("--hash=sha256:" in rest for rest in pins.values())


def test_nvidias_libraries_are_in_their_own_lock_alone():
    assert all(pin.startswith("nvidia-") for pin in _pins("requirements-gpu.lock"))
    assert {"nvidia-cudnn-cu12", "nvidia-nccl-cu12"} <= {
        pin.partition("==")[0] for pin in _pins("requirements-gpu.lock")
    }
    assert not any(pin.startswith("nvidia-") for pin in _pins("requirements.lock"))
