"""How an embedded server is set up, apart from its models."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from serving.errors import BadInputError
from serving.versions.version_status import VersionStatus

QUEUE = 64
"""Requests that may wait for a worker by default."""

BACKENDS = ("tensorflow", "openvino")


@dataclass(frozen=True)
class Tls:
    """Keys and certificates of a server, the contents of PEM files.

    Attributes:
        private_key: of the server; never shown.
        certificate_chain: of the server.
        client_roots: certificates that clients' ones are checked with; None for those of the machine.
        require_client: whether a client without a certificate is turned away (mutual TLS).
    """

    private_key: bytes = field(repr=False)
    certificate_chain: bytes
    client_roots: bytes | None = None
    require_client: bool = False


def no_change(model_name: str, status: VersionStatus) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class ServerOptions:
    """What can be set; the defaults suit a laptop.

    Attributes:
        host: address to listen on; "0.0.0.0" for all.
        port: of gRPC; 0 for any free one.
        socket_path: a Unix socket that gRPC listens on, too.
        rest_port: of REST and metrics; 0 for any free one, None for none.
        tls: encrypts gRPC; None for plain text. REST is never encrypted, as with TensorFlow Serving.
        workers: requests that run at once; None for one a usable core.
        queue: requests that may wait besides; further ones are answered UNAVAILABLE.
        max_request_bytes: largest request; None for the 2 GiB of TensorFlow Serving.
        rest_timeout_s: seconds a REST request may take.
        intra_op_threads, inter_op_threads: of each session; 0 for a core each.
        tags: of the SavedModel to load.
        warm_up: whether the requests that a version brings along are replayed.
        poll_interval_s, load_retries, retry_interval_s: see `versions.served_model`.
        labels_ahead: whether labels may point to versions that are not available yet.
        metrics_path: of Prometheus' page on the REST port; None for none.
        health: whether gRPC's health service answers.
        channel_arguments: of gRPC, for those who know what they do.
        log: file of the request log; None for none. log_sample: share of the images in it.
        backend: what runs the network: "tensorflow", or "openvino" for versions whose scores it reproduces.
        on_change: called with a model's name and each VersionStatus as versions come and go.
    """

    host: str = "127.0.0.1"
    port: int = 0
    socket_path: Path | None = None
    rest_port: int | None = None
    tls: Tls | None = None
    workers: int | None = None
    queue: int = QUEUE
    max_request_bytes: int | None = None
    rest_timeout_s: float = 30.0
    intra_op_threads: int = 1
    inter_op_threads: int = 0
    tags: tuple[str, ...] = ("serve",)
    warm_up: bool = True
    poll_interval_s: float = 1.0
    load_retries: int | None = None
    retry_interval_s: float = 60.0
    labels_ahead: bool = False
    metrics_path: str | None = None
    health: bool = True
    channel_arguments: tuple[tuple[str, str | int], ...] = ()
    log: Path | None = None
    log_sample: float = 1.0
    backend: str = "tensorflow"
    on_change: Callable[[str, VersionStatus], None] = no_change

    def __post_init__(self):
        at_least = {"workers": 1, "queue": 0, "max_request_bytes": 1}
        for name, least in at_least.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise BadInputError(f"{name}: expected at least {least}, received {value}")
        if self.rest_timeout_s <= 0:
            raise BadInputError(f"rest_timeout_s: expected more than 0, received {self.rest_timeout_s:g}")
        if self.backend not in BACKENDS:
            raise BadInputError(f"backend: expected one of {', '.join(BACKENDS)}, received {self.backend!r}")
        if self.backend == "openvino" and importlib.util.find_spec("openvino") is None:
            raise BadInputError(
                "backend openvino: the package is not installed; pip install 'deepfake-inspector[openvino]', or "
                "leave the backend out"
            )
        if self.rest_port and self.rest_port == self.port:
            raise BadInputError(f"expected two ports, received {self.port} for both gRPC and REST")
