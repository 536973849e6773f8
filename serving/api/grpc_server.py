"""The gRPC side of a server: its services on a port, with or without encryption."""

from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.api.answers import Answers
from serving.api.deserializing import DeserializingInterceptor
from serving.api.model_service import ModelService
from serving.api.prediction_service import PredictionService
from serving.errors import BadInputError
from serving.server_options import ServerOptions, Tls
from serving.versions.model_catalog import ModelCatalog

_SPARE_THREADS = 8  # for those that are turned away, and for health and status

_SERVICES = ("", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")
"""Whose health is told; "" is the server's as a whole."""


class GrpcServer:
    """Listens from `start` on.

    Args:
        answers: of the models.
        catalog: of the models.
        options: of the server.
        threads: requests that may run or wait at once.

    Raises:
        BadInputError: the port is taken, the address is not this machine's, or a key or certificate is none.
    """

    def __init__(self, answers: Answers, catalog: ModelCatalog, options: ServerOptions, threads: int):
        self._health = health.HealthServicer()
        self.show_health(False)
        limit = options.max_request_bytes or -1
        self._server = grpc.server(
            futures.ThreadPoolExecutor(threads + _SPARE_THREADS, thread_name_prefix="rpc"),
            interceptors=[DeserializingInterceptor()],
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", -1),
                # Otherwise Linux lets a second server share the port, and each would get half of the calls.
                ("grpc.so_reuseport", 0),
                *options.channel_arguments,
            ],
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            PredictionService(answers), self._server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            ModelService(answers, catalog), self._server
        )
        if options.health:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = _bind(self._server, options.host, options.port, options.tls)
        if options.socket_path:
            self._server.add_insecure_port(f"unix:{options.socket_path}")

    def start(self) -> None:
        """Begins to listen."""
        self._server.start()

    def show_health(self, serving: bool) -> None:
        """Tells who asks whether requests will be answered."""
        status = health_pb2.HealthCheckResponse
        for service in _SERVICES:
            self._health.set(service, status.SERVING if serving else status.NOT_SERVING)

    def show_stopping(self) -> None:
        """Tells who asks that no further request will be answered, whatever is shown after."""
        self._health.enter_graceful_shutdown()

    def stop(self, grace_s: float) -> None:
        """Refuses new calls; those in flight are cut off after `grace_s` seconds."""
        self._server.stop(grace_s).wait()


def _bind(server: grpc.Server, host: str, port: int, tls: Tls | None) -> int:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        bound = (
            server.add_secure_port(address, _credentials(tls)) if tls else server.add_insecure_port(address)
        )
    except RuntimeError:  # grpcio says no more than "failed to bind", and logs the rest
        bound = 0
    if not bound:
        also = ", and a key that fits the certificate" if tls else ""
        raise BadInputError(
            f"expected a free port and a local address{also}, but {address} cannot be listened on: "
            "stop the server that holds it, or choose another port"
        )
    return bound


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(tls.private_key, tls.certificate_chain)], tls.client_roots, tls.require_client
    )
