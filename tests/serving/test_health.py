"""The health check of containers, asked of gRPC's own health service."""

import re
import socket
import subprocess
import sys
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from serving.health import main

_STATUS = health_pb2.HealthCheckResponse


@pytest.fixture
def server():
    """A health service and its address."""
    service = health.HealthServicer()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    health_pb2_grpc.add_HealthServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield service, f"127.0.0.1:{port}"
    server.stop(None)


@pytest.mark.parametrize("more", [(), ("--or-no-server",)])
@pytest.mark.parametrize(("status", "code"), [("SERVING", 0), ("NOT_SERVING", 1), ("UNKNOWN", 1)])
def test_it_tells_what_the_server_tells(server, capsys, status, code, more):
    service, address = server
    service.set("", _STATUS.ServingStatus.Value(status))

    assert main(["--server", address, *more]) == code
    assert capsys.readouterr().out == f"{status}\n"


def test_a_server_that_is_shutting_down_is_not_healthy(server):
    service, address = server
    service.enter_graceful_shutdown()

    assert main(["--server", address]) == 1


def test_where_nothing_listens_only_one_that_need_not_serve_is_healthy(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        assert main(["--server", address]) == 1
        assert capsys.readouterr().out.startswith("UNAVAILABLE: ")
        assert main(["--server", address, "--or-no-server"]) == 0


@pytest.mark.parametrize("more", [(), ("--or-no-server",)])
def test_one_that_listens_but_does_not_answer_is_not_healthy(capsys, more):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"

        assert main(["--server", address, "--timeout", "0.5", *more]) == 1
    assert re.match("DEADLINE_EXCEEDED|UNAVAILABLE", capsys.readouterr().out)


def test_no_address(capsys):
    assert main(["--server", "here"]) == 2
    assert "HOST:PORT" in capsys.readouterr().err


def test_it_loads_no_tensorflow():
    listed = "import sys, serving.health; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", listed],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout.split()

    assert not {"tensorflow", "numpy", "tfx"} & set(modules)
