"""The application on a port, in a thread."""

from collections.abc import Collection

from serving.client import Client
from serving.errors import BadInputError, ServingError
from serving.http_server import HttpServer
from serving.web.app import make_app
from serving.web.limits import DEFAULT, Limits

_CONNECTIONS = 256
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
        self._client = Client(server_address, model_name=model_name)
        app = make_app(self._client, limits=limits, hosts=frozenset(name.lower() for name in hosts))
        try:
            self._server = HttpServer(
                app,
                host,
                port,
                grace_s=_STOP_S,
                http="h11",
                proxy_headers=trusted_proxy is not None,
                forwarded_allow_ips=trusted_proxy or "",
                limit_concurrency=_CONNECTIONS,
            )
        except (BadInputError, ServingError):
            self._client.close()
            raise
        self.host, self.port = host, self._server.port

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    def stop(self) -> None:
        """Takes no more requests, waits for those that are being answered, closes; may be called again."""
        self._server.stop()
        self._client.close()

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, *exception) -> None:
        self.stop()
