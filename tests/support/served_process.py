"""The server as operators run it: a process of its own, which a test can look into and kill."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

REPOSITORY = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class ServedProcess:
    """`python -m serving.model_server` of model "m", from the moment it is made; a context manager that kills it.

    Args:
        base_path: of the model.
        folder: for its log, `server.log`, and its configuration.
        ports: of gRPC and REST; None for free ones.
    """

    def __init__(self, base_path: Path, folder: Path, ports: tuple[int, int] | None = None):
        self.ports = ports or (free_port(), free_port())
        self.port, self.rest_port = self.ports
        self.address = f"127.0.0.1:{self.port}"
        monitoring = folder / "monitoring.config"
        monitoring.write_text('prometheus_config { enable: true, path: "/monitoring/prometheus/metrics" }')
        self.log = folder / "server.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "serving.model_server", "--model_name=m"),
                    *(f"--port={self.port}", f"--rest_api_port={self.rest_port}"),
                    *(f"--model_base_path={base_path}", f"--monitoring_config_file={monitoring}"),
                    *("--file_system_poll_wait_seconds=0.2", "--enable_grpc_healthcheck_service"),
                ],
                cwd=REPOSITORY,
                stdout=log,
                stderr=log,
            )
        self._began = time.monotonic()

    def wait_until_serving(self, timeout_s: float = 60.0) -> float:
        """Seconds from the start of the process until its health service said SERVING."""
        serving = health_pb2.HealthCheckResponse.SERVING
        with grpc.insecure_channel(self.address, [("grpc.max_reconnect_backoff_ms", 200)]) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            while True:
                try:
                    if stub.Check(health_pb2.HealthCheckRequest(), timeout=1).status == serving:
                        return time.monotonic() - self._began
                except grpc.RpcError:
                    pass
                assert self.process.poll() is None, self.log.read_text()[-4000:]
                assert time.monotonic() - self._began < timeout_s, self.log.read_text()[-4000:]
                time.sleep(0.05)

    def memory_mb(self) -> float:
        """Resident set."""
        return self._status("VmRSS:") / 1024

    def threads(self) -> int:
        return self._status("Threads:")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def __enter__(self) -> "ServedProcess":
        return self

    def __exit__(self, *exception) -> None:
        self.process.kill()
        self.process.wait()

    def _status(self, key: str) -> int:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(key)).split()[1])
