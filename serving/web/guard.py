"""What holds for every request and answer: headers, the Host, a line of log."""

import logging
import time
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.web.origin import is_known_host
from serving.web.refusal import Refusal

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Nothing from elsewhere, nothing inline, in no frame."""

HEALTH_PATH = "/healthz"

_log = logging.getLogger("serving.web")


class Guard:
    """Adds the headers, refuses unknown hosts, logs method, path, status and time: never a name or an image.

    Args:
        app: what answers.
        hosts: names by which the gateway may be called; None for any.
        paths: that there are; only these are logged as they came.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None, paths: Collection[str]):
        self._app = app
        self._hosts = hosts
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request; there are no others."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        path = scope["path"] if scope["path"] in self._paths else "(unknown path)"

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
                # Probes come every few seconds.
                level = logging.DEBUG if path == HEALTH_PATH else logging.INFO
                seconds = time.perf_counter() - start
                _log.log(level, "%s %s %d %.3f s", scope["method"], path, message["status"], seconds)
            await send(message)

        app = self._app
        host = Headers(scope=scope).get("host", "")
        if self._hosts is not None and path != HEALTH_PATH and not is_known_host(host, self._hosts):
            app = Refusal(
                421,
                "This page does not go by that name. Open it by its address in numbers, or start the gateway with "
                "--allow-host and the name.",
            ).response()
        await app(scope, receive, send_guarded)
