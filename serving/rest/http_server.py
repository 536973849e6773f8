"""Runs a web application in a thread of its own."""

import socket
import threading

import uvicorn

from serving.errors import BadInputError, ServingError

_START_S = 30.0


class HttpServer:
    """Listens from the moment it is made until `stop`.

    Args:
        app: an ASGI application.
        host: address to listen on.
        port: 0 for any free one; `HttpServer.port` tells which.

    Raises:
        BadInputError: the port is taken, or the address is not this machine's.
    """

    def __init__(self, app, host: str, port: int):
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        # A port that was just given back may be taken again; one that is listened on may not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            raise BadInputError(
                f"expected a free port and a local address, but {host}:{port} cannot be listened on "
                f"({error.strerror}): stop the server that holds it, or choose another port"
            ) from error
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name=f"http-{self.port}", daemon=True
        )
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(_START_S / 0.01)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            waited.wait(0.01)
        raise ServingError(f"the HTTP server at {host}:{self.port} did not start")

    def stop(self) -> None:
        """Takes no more connections, and ends once the answers are written (within a second)."""
        self._server.should_exit = True
        self._thread.join(5)
