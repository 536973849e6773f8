"""A worker pool for each TaskManager of this machine, at addresses that do not clash.

Beam tells every TaskManager one and the same address of its pool. In a cluster that is `localhost`, a pod each; here
it is a name, which each TaskManager's JVM looks up in a hosts file of its own.
"""

import os
import socket
import sys
from pathlib import Path

POOL_HOST = "worker-pool"
_ROOT = Path(__file__).parents[3]


def pool_command(host: str, port: int) -> list[str]:
    """The command of a pool that listens at an address."""
    # Google's libraries warn of old Pythons, once a module.
    quiet = ("-W", "ignore::FutureWarning")
    return [sys.executable, *quiet, "-m", "pipeline.beam.worker_pool", "--host", host, "--port", str(port)]


def pool_environment() -> dict[str, str]:
    """What a pool's workers need: this project, and this Python first on PATH."""
    # The folder of the environment, not of the Python that it links to.
    folder = Path(sys.executable).parent
    path = os.environ.get("PYTHONPATH")
    return {
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": f"{_ROOT}{os.pathsep}{path}" if path else str(_ROOT),
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
    }


def pool_address(number: int) -> str:
    """The loopback address of a TaskManager's pool, numbered from 0."""
    return f"127.0.0.{number + 2}"


def hosts_file(folder: Path, number: int) -> Path:
    """Writes the hosts file of a TaskManager's JVM, which then knows these names only."""
    path = folder / f"hosts-{number}"
    own = {"localhost", socket.gethostname(), "127.0.0.1"}
    lines = [f"127.0.0.1 {name}" for name in sorted(own)] + [f"{pool_address(number)} {POOL_HOST}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
