"""What this machine has, as far as the pipeline cares; looks without loading TensorFlow."""

import datetime
import os
import platform
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from pipeline.stack import STACKS, support_ends, this_stack
from serving.defaults import GRPC_PORT

_PACKAGES = ("tfx", "tensorflow", "keras", "apache-beam", "tensorflow-serving-api")
_WANTED_DISK_GB = 10
_WANTED_MEMORY_GB = 4


class Finding(NamedTuple):
    """One line of the answer.

    Attributes:
        subject: what was looked at.
        found: what there is.
        ok: whether that is enough; None where nothing depends on it.
        advice: what to do; empty where nothing needs to be done.
    """

    subject: str
    found: str
    ok: bool | None
    advice: str = ""


def findings(workspace: Path) -> list[Finding]:
    """Looks at everything.

    Args:
        workspace: the folder whose disk will be written to; need not exist.
    """
    return [
        *_software(),
        _processors(),
        _memory(),
        _gpu(),
        *_cuda(),
        *_weights(),
        _port(),
        _disk(workspace),
    ]


def _software() -> Iterator[Finding]:
    stack, ends = this_stack(), support_ends()
    yield Finding("stack", str(stack), True)
    supported = datetime.datetime.now(datetime.timezone.utc).date() <= ends
    yield Finding(
        "Python",
        f"{platform.python_version()} ({'supported until' if supported else 'out of support since'} {ends})",
        supported,
        "" if supported else f"A machine with glibc {STACKS[0].c_library} or newer runs today's stack.",
    )
    yield Finding("C library", " ".join(platform.libc_ver()), None)
    for package in _PACKAGES:
        try:
            yield Finding(package, metadata.version(package), True)
        except metadata.PackageNotFoundError:
            yield Finding(package, "not installed", False, "Run `make setup` in the project's folder.")


def _processors() -> Finding:
    return Finding("processor cores", str(len(os.sched_getaffinity(0))), None)


def _memory() -> Finding:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    enough = gigabytes >= _WANTED_MEMORY_GB
    return Finding(
        "memory", f"{gigabytes:.0f} GB", enough, "" if enough else f"Training wants {_WANTED_MEMORY_GB} GB."
    )


def _gpu() -> Finding:
    if (tool := shutil.which("nvidia-smi")) is None:
        return Finding("GPU", "none (no NVIDIA driver)", None, "Training will use the processor.")
    listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    names = [line.partition(":")[2].partition("(")[0].strip() for line in listed.stdout.splitlines()]
    return Finding("GPU", ", ".join(names) or "none", bool(names) or None)


def _cuda() -> Iterator[Finding]:
    """What a GPU machine must have; `pip install tensorflow[and-cuda]` brings it into an environment."""
    for stack in STACKS:
        here = " (this one)" if stack == this_stack() else ""
        yield Finding(f"CUDA for {stack.name}", f"wants {stack.cuda} and cuDNN {stack.cudnn}{here}", None)


def _weights() -> Iterator[Finding]:
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    for backbone, pattern in (
        ("efficientnet-b0", "efficientnetb0_notop*.h5"),
        ("efficientnetv2-b0", "efficientnetv2-b0_notop*.h5"),
    ):
        there = any(folder.glob(pattern))
        yield Finding(
            f"{backbone} weights",
            f"in {folder}" if there else "not downloaded yet",
            None,
            ""
            if there
            else "Keras downloads them at the first training; offline, set model.weights to a file.",
        )


def _port() -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", GRPC_PORT))
        except OSError:
            return Finding(
                f"port {GRPC_PORT}", "taken", False, "A server may be running; `serve --port` takes another."
            )
    return Finding(f"port {GRPC_PORT}", "free", True)


def _disk(workspace: Path) -> Finding:
    there = next(
        folder for folder in (workspace.absolute(), *workspace.absolute().parents) if folder.exists()
    )
    gigabytes = shutil.disk_usage(there).free / 1e9
    enough = gigabytes >= _WANTED_DISK_GB
    return Finding(
        "disk",
        f"{gigabytes:.0f} GB free at {there}",
        enough,
        ""
        if enough
        else f"A run on a thousand images wants 1 GB; the full set {_WANTED_DISK_GB} GB and more.",
    )
