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

from components.backbone_facts import BACKBONE_FACTS
from components.errors import HardwareError
from components.hardware_plan import Gpu, check_one_machine, plan_hardware
from components.settings import HardwareSettings
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
        *_gpu_and_training(),
        *_cuda(),
        _weights(),
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


def _gpu_and_training() -> Iterator[Finding]:
    gpus: list[Gpu] = []
    if (tool := shutil.which("nvidia-smi")) is None:
        yield Finding("GPU", "none (no NVIDIA driver)", None)
    else:
        code, said = _ask(tool, "--query-gpu=name,compute_cap,memory.total", "--format=csv,noheader,nounits")
        if code:
            yield Finding(
                "GPU", f"nvidia-smi says: {' '.join(said.split())}", False, "Mend or renew the NVIDIA driver."
            )
        else:
            rows = [[cell.strip() for cell in line.split(",")] for line in said.splitlines()]
            gpus = [Gpu(name, _capability(capability)) for name, capability, _ in rows]
            described = (f"{name}{_size(mebibytes)}" for name, _, mebibytes in rows)
            hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
            advice = (
                ""
                if hidden is None
                else f"CUDA_VISIBLE_DEVICES={hidden} decides which of them training sees."
            )
            yield Finding("GPU", ", ".join(described) or "none", bool(gpus) or None, advice)
    yield _training(gpus)


def _ask(*command: str) -> tuple[int, str]:
    """Exit code and answer of a driver's tool, which may hang where the driver does."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return 1, "nothing within 30 s"
    return ended.returncode, ended.stdout or ended.stderr


def _size(mebibytes: str) -> str:
    """Of what the driver tells; a GPU that shares the memory of the processor has none of its own."""
    return f" ({int(mebibytes) / 1024:.0f} GB)" if mebibytes.isdigit() else ""


def _capability(told: str) -> tuple[int, int] | None:
    """Of `8.0`; None of what a driver says that does not know."""
    major, _, minor = told.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None


def _training(gpus: list[Gpu]) -> Finding:
    """Which path a training takes here, with the settings as they come."""
    try:
        check_one_machine(os.environ)
    except HardwareError as error:
        return Finding("training", "refused: one of several machines", False, str(error))
    plan = plan_hardware(HardwareSettings(), gpus, cores=len(os.sched_getaffinity(0)))
    if not gpus:
        return Finding("training", f"{plan} (no GPU)", None)
    return Finding("training", str(plan), True, "If TensorFlow finds the CUDA libraries below.")


def _cuda() -> Iterator[Finding]:
    """What a GPU machine must have; `pip install tensorflow[and-cuda]` brings it into an environment."""
    for stack in STACKS:
        here = " (this one)" if stack == this_stack() else ""
        yield Finding(f"CUDA for {stack.name}", f"wants {stack.cuda} and cuDNN {stack.cudnn}{here}", None)


def _weights() -> Finding:
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    there = [backbone for backbone in BACKBONE_FACTS if (folder / _weights_file(backbone)).is_file()]
    found = f"{', '.join(there)}, in {folder}" if there else f"none in {folder}"
    advice = "Keras downloads what it lacks at the first training; offline, set model.weights to a file."
    return Finding("ImageNet weights", found, None, advice if len(there) < len(BACKBONE_FACTS) else "")


def _weights_file(backbone: str) -> str:
    """The name Keras gives the file it downloads."""
    return f"{backbone.replace('efficientnet-', 'efficientnet')}_notop.h5"


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
