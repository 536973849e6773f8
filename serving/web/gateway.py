"""The application on a port, in a thread."""

import socket
import threading
import time
from collections.abc import Collection

import uvicorn

from serving.client import Client
from serving.errors import BadInputError, ServingError
from serving.web.app import make_app
from serving.web.limits import DEFAULT, Limits

_CONNECTIONS = 256
_START_S = 30.0
_STOP_S = 35  # a little longer than a client waits for the model server


class Gateway:
    """The web page, for as long as the context lasts.

        with Gateway("localhost:8500", "deepfake-inspector") as gateway:
            print(gateway.url)

    Args:
        server_address: "host:port" of the model server's gRPC interface; it need not be up yet.
        model_name: as the server calls it.
        host: the address to listen on; the default is reached from this machine only.
        port: 0 for any that is free.
        limits: of one visitor and of all together.
        hosts: names by which the page may be opened, beside addresses in numbers and localhost; "*" is any name.
        trusted_proxy: address of a reverse proxy whose X-Forwarded-For tells visitors apart; None for no proxy.

    Raises:
        BadInputError: the port is taken or forbidden, the host is not of this machine, an address is malformed.
        ServingError: the web server does not start.
    """

    def __init__(
        self,
        server_address: str,
        model_name: str,
        host: str = "127.0.0.1",
        port: int = 8080,
        limits: Limits = DEFAULT,
        *,
        hosts: Collection[str] = (),
        trusted_proxy: str | None = None,
    ):
        self._socket = _listen(host, port)
        try:
            self._client = Client(server_address, model_name=model_name)
        except BadInputError:
            self._socket.close()
            raise
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(
            uvicorn.Config(
                make_app(self._client, limits=limits, hosts=frozenset(name.lower() for name in hosts)),
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=trusted_proxy is not None,
                forwarded_allow_ips=trusted_proxy or "",
                limit_concurrency=_CONNECTIONS,
                timeout_graceful_shutdown=_STOP_S,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="web", daemon=True
        )
        self._thread.start()
        self._wait_until_started()

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    def stop(self) -> None:
        """Takes no more requests, waits for those that are being answered, closes; may be called again."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self._client.close()

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, *exception) -> None:
        self.stop()

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise ServingError(
                    f"the web server at {self.host}:{self.port} did not start: its log says why"
                )
            time.sleep(0.01)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens, before anything else is started."""
    if not 0 <= port <= 65535:
        raise BadInputError(f"expected a port from 0 to 65535, received {port}")
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise BadInputError(
            f"expected an address of this machine to listen on, received {host!r}: {error.strerror}"
        ) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise BadInputError(
            f"cannot listen on {host}:{port} ({error.strerror}): give another --port, 0 for any that is free, "
            "or stop what uses this one"
        ) from error
    return listener
