"""The application: the page's files, and the one question it asks."""

import math
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from importlib.resources import files

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from serving.client import Client
from serving.web.guard import HEALTH_PATH, SECURITY_HEADERS, Guard
from serving.web.judge import Judge
from serving.web.limits import DEFAULT, Limits
from serving.web.origin import is_cross_site
from serving.web.rate import RateLimit
from serving.web.refusal import Refusal

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
# What a form of any other site can send without being asked for leave first.
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
_NO_STORE = {"Cache-Control": "no-store"}


def make_app(client: Client, *, limits: Limits = DEFAULT, hosts: Collection[str] | None = None) -> Starlette:
    """The page at `/`, `GET /api/about`, `POST /api/verdict` with the bytes of one image, and `/healthz`.

    Args:
        client: of the model server; stays the caller's to close.
        limits: of one visitor and of all together.
        hosts: names by which the page may be opened, beside addresses in numbers and localhost; None for any.
    """
    static = _static_routes()
    verdicts = _Verdicts(client, limits)
    about = {"model_name": client.model_name, "max_image_bytes": limits.max_image_bytes}

    async def describe(request: Request) -> Response:
        return JSONResponse(about, headers=_NO_STORE)

    async def healthy(request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    routes = [
        *static,
        Route("/api/about", describe),
        Route("/api/verdict", verdicts.answer, methods=["POST"]),
        Route(HEALTH_PATH, healthy),
    ]
    paths = frozenset(route.path for route in routes)
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=hosts, paths=paths)],
        exception_handlers={Refusal: _refused, HTTPException: _http_error, Exception: _failed},
    )


class _Verdicts:
    """Takes images in, no more and no larger than the limits allow, and has them judged in threads."""

    def __init__(self, client: Client, limits: Limits):
        self._judge = Judge(client)
        self._limits = limits
        self._rate = RateLimit(limits.requests_per_minute, limits.addresses)
        self._turns = anyio.Semaphore(limits.concurrent_requests)
        self._threads = anyio.CapacityLimiter(limits.concurrent_requests)

    async def answer(self, request: Request) -> Response:
        """The verdict as JSON.

        Raises:
            Refusal: with the status and the sentence of the answer.
        """
        self._check(request)
        with anyio.move_on_after(self._limits.wait_seconds) as wait:
            await self._turns.acquire()
        if wait.cancelled_caught:
            raise Refusal(503, "Too many images are being judged at the moment. Try again shortly.", 2)
        try:
            image = await self._receive(request)
            found = await anyio.to_thread.run_sync(partial(self._judge.answer, image), limiter=self._threads)
        finally:
            self._turns.release()
        return JSONResponse(found, headers=_NO_STORE)

    def _check(self, request: Request) -> None:
        """Whatever can be said before the image is here."""
        if is_cross_site(request.headers):
            raise Refusal(403, "Another site asked for this. Only the detector's own page may.")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in _FORMS:
            raise Refusal(
                415,
                f"Expected the bytes of one image as Content-Type image/jpeg, image/png or application/octet-stream, "
                f"received {kind}.",
            )
        wait = self._rate.seconds_to_wait(request.client.host if request.client else "")
        if wait:
            raise Refusal(429, f"Too many images in a minute from one address. Try again in {wait} s.", wait)
        length = request.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > self._limits.max_image_bytes:
            raise self._too_large()

    async def _receive(self, request: Request) -> bytes:
        image = bytearray()
        try:
            with anyio.fail_after(self._limits.upload_seconds):
                async for piece in request.stream():
                    if len(image) + len(piece) > self._limits.max_image_bytes:
                        raise self._too_large()
                    image += piece
        except TimeoutError as error:
            seconds = math.ceil(self._limits.upload_seconds)
            raise Refusal(408, f"The image did not arrive within {seconds} s.") from error
        except ClientDisconnect as error:
            raise Refusal(400, "The connection ended before the image had arrived.") from error
        if not image:
            raise Refusal(400, "The file is empty.")
        return bytes(image)

    def _too_large(self) -> Refusal:
        return Refusal(
            413, f"The file is too large: expected at most {self._limits.max_image_bytes:,} bytes."
        )


def _static_routes() -> list[Route]:
    """A route for each file of the page, read once; `index.html` is the root."""
    routes = []
    for file in files("serving.web").joinpath("static").iterdir():
        kind = _TYPES.get(file.name.rpartition(".")[2])
        if kind:
            path = "/" if file.name == "index.html" else f"/{file.name}"
            routes.append(Route(path, _static(file.read_bytes(), kind)))
    return routes


def _static(content: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})

    return serve


async def _refused(request: Request, refusal: Refusal) -> Response:
    return refusal.response()


async def _http_error(request: Request, error: HTTPException) -> Response:
    sentence = {404: "There is nothing here.", 405: "This cannot be asked in that way."}.get(
        error.status_code
    )
    response = Refusal(error.status_code, sentence or error.detail).response()
    response.headers.update(error.headers or {})
    return response


async def _failed(request: Request, error: Exception) -> Response:
    response = Refusal(500, "The gateway failed. Its log says more.").response()
    response.headers.update(SECURITY_HEADERS)  # Starlette answers this outside of any middleware
    return response
