"""Whether a model server can answer: `python -m serving.health`, for health checks of containers.

The container image has no curl, no grpcurl and no shell worth the name; this asks gRPC's own health service.
"""

import argparse
import socket
import sys
from collections.abc import Sequence

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.channel import open_channel
from serving.defaults import GRPC_PORT
from serving.errors import BadInputError

_MESSAGE_BYTES = 4096


def main(arguments: Sequence[str] | None = None) -> int:
    """Asks once. Returns 0 if every model can answer, 1 if not, 2 if the input was wrong."""
    parser = argparse.ArgumentParser(
        "python -m serving.health", description="Whether a model server can answer."
    )
    parser.add_argument(
        "--server", default=f"localhost:{GRPC_PORT}", help="HOST:PORT of its gRPC, without TLS"
    )
    parser.add_argument(
        "--timeout", type=float, default=5.0, metavar="SECONDS", help="to wait for the answer"
    )
    parser.add_argument(
        "--or-no-server", action="store_true", help="also well if nothing listens there: one that only trains"
    )
    chosen = parser.parse_args(arguments)
    try:
        with open_channel(chosen.server, _MESSAGE_BYTES) as channel:
            if chosen.or_no_server and not _listens(chosen.server, chosen.timeout):
                sys.stdout.write(f"nothing listens at {chosen.server}\n")
                return 0
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=chosen.timeout
            )
    except BadInputError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except grpc.RpcError as error:
        sys.stdout.write(f"{error.code().name}: {error.details()}\n")
        return 1
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    sys.stdout.write(f"{status}\n")
    return int(status != "SERVING")


def _listens(server: str, timeout: float) -> bool:
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout).close()
    except ConnectionRefusedError:
        return False
    except OSError:
        # Busy, or not to be found: the health service itself has the last word.
        return True
    return True


if __name__ == "__main__":
    sys.exit(main())
