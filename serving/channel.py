"""A gRPC channel to a model server: message sizes, retries and the addresses it accepts."""

import json
import re

import grpc

from serving.errors import BadInputError
from serving.tls import Tls

_ADDRESS = re.compile(r"^(?P<host>[^\s/:]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})$")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

_ATTEMPTS = (
    4  # a second and a half: enough for a server that restarts, short enough for one that is not there
)
_RETRY_POLICY = {
    "methodConfig": [
        {
            "name": [{"service": "tensorflow.serving.PredictionService"}],
            "retryPolicy": {
                "maxAttempts": _ATTEMPTS,
                "initialBackoff": "0.2s",
                "backoffMultiplier": 2,
                "maxBackoff": "2s",
                # The call did not reach a server, or one that is going away; any other error would only
                # repeat. A server that is too busy says so with this code, and when to come again in the trailing
                # metadata `grpc-retry-pushback-ms`, which gRPC heeds instead of the times above.
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}


def open_channel(address: str, max_message_bytes: int, tls: Tls | None = None) -> grpc.Channel:
    """A channel that connects when it is first used, and reconnects and retries by itself.

    Args:
        address: "host:port".
        max_message_bytes: the largest request and answer.
        tls: None for plain text.

    Raises:
        BadInputError: the address has another form.
    """
    options = _options(address, max_message_bytes)
    if tls is None:
        return grpc.insecure_channel(address, options=options)
    return grpc.secure_channel(address, tls.credentials(), options=options)


def open_aio_channel(address: str, max_message_bytes: int, tls: Tls | None = None) -> "grpc.aio.Channel":
    """The same for asyncio; to be opened within a running event loop."""
    # Imported here, as those who do not need asyncio should not wait for it.
    from grpc import aio

    options = _options(address, max_message_bytes)
    if tls is None:
        return aio.insecure_channel(address, options=options)
    return aio.secure_channel(address, tls.credentials(), options=options)


def _options(address: str, max_message_bytes: int) -> list[tuple[str, int | str]]:
    match = _ADDRESS.match(address)
    if not match or int(match["port"]) > 65535:
        raise BadInputError(
            f"expected a server address of the form HOST:PORT, such as localhost:8500, received {address!r}"
        )
    options = [
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.service_config", json.dumps(_RETRY_POLICY)),
        # A request is kept until it is answered; above this size gRPC would quietly not retry it.
        ("grpc.per_rpc_retry_buffer_size", max_message_bytes),
        # Otherwise a retry within the first second fails without having tried to connect.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
    ]
    if match["host"] in _LOOPBACK:
        # A proxy named in the environment cannot reach this machine's own ports.
        options.append(("grpc.enable_http_proxy", 0))
    return options
