"""Runs a web application on a port, in a thread of its own."""

import socket
import threading
import time

import uvicorn

from serving.errors import BadInputError, ServingError

_START_S = 30.0


class HttpServer:
    """Listens from the moment it is made until `stop`.

    Args:
        app: an ASGI application.
        host: address to listen on.
        port: 0 for any free one; `HttpServer.port` tells which.
        grace_s: how long answers may take once it stops.
        options: further ones of uvicorn.

    Raises:
        BadInputError: the port is taken or forbidden, or the address is not this machine's.
        ServingError: the web server does not start.
    """

    def __init__(self, app, host: str, port: int, *, grace_s: int, **options):
        self._socket = _listen(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=grace_s,
            **options,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name=f"http-{self.port}", daemon=True
        )
        self._thread.start()
        self._wait_until_started()

    def stop(self) -> None:
        """Takes no more requests, waits for those that are being answered, closes; may be called again."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

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
        # A port that was just given back may be taken again; one that is listened on may not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise BadInputError(
            f"cannot listen on {host}:{port} ({error.strerror}): give another port, 0 for any that is free, "
            "or stop what uses this one"
        ) from error
    return listener
