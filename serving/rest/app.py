"""The REST API as a web application."""

import logging
import re

import anyio
import anyio.to_thread
import grpc
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.api.answers import REST, Answers
from serving.metrics import Metrics
from serving.rest import requests, responses
from serving.status import RequestError, from_exception, invalid

_log = logging.getLogger(__name__)

_MODEL = r"/v1/models/(?P<model>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_ASK = re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE)
_LOOK = re.compile(_MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)

_SPARE_THREADS = 8  # for those that are turned away, and for status

_HTTP_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


class RestApi:
    """Reads requests, has them answered in threads, writes what comes back.

    Args:
        answers: knows them.
        metrics: whose page to show.
        metrics_path: where; None for nowhere.
        timeout_s: seconds a request may take.
        max_request_bytes: largest body.
        threads: requests that may run or wait at once.
    """

    def __init__(
        self,
        answers: Answers,
        metrics: Metrics,
        *,
        metrics_path: str | None,
        timeout_s: float,
        max_request_bytes: int,
        threads: int,
    ):
        self._answers = answers
        self._metrics = metrics
        self._metrics_path = metrics_path
        self._timeout_s = timeout_s
        self._max_request_bytes = max_request_bytes
        self._threads = threads
        self._limiter: anyio.CapacityLimiter | None = None

    def app(self) -> Starlette:
        """The application, for a server of the ASGI kind."""
        return Starlette(
            routes=[Route("/{path:path}", self._handle, methods=["GET", "POST", "HEAD", "PUT", "DELETE"])],
            exception_handlers={HTTPException: _unrouted},
        )

    async def _handle(self, request: Request) -> Response:
        path = request.scope["path"]  # not of `request.url`, which not every Host header and path can be
        if self._metrics_path and path == self._metrics_path and request.method == "GET":
            return Response(self._metrics.page(), media_type="text/plain; version=0.0.4")
        try:
            body = await self._body(request) if request.method == "POST" else b""
            # Made here, as it belongs to the loop that runs.
            self._limiter = self._limiter or anyio.CapacityLimiter(self._threads + _SPARE_THREADS)
            answer = await anyio.to_thread.run_sync(
                lambda: self._answer(request.method, path, body), limiter=self._limiter
            )
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            return _failure(from_exception(error), error)
        return Response(answer, media_type="application/json")

    async def _body(self, request: Request) -> bytes:
        """The body, which is given up as soon as it is too large."""
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self._max_request_bytes:
                raise RequestError(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"Expected a body of at most {self._max_request_bytes} bytes, received more",
                )
            parts.append(part)
        return b"".join(parts)

    def _answer(self, method: str, path: str, body: bytes) -> bytes:
        ask, look = _ASK.fullmatch(path), _LOOK.fullmatch(path)
        if method == "POST" and ask:
            return self._ask(_spec(ask), ask["method"].lower(), body)
        if method == "GET" and look:
            spec = _spec(look)
            if look["metadata"]:
                wanted = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec)
                wanted.metadata_field.append("signature_def")
                return responses.metadata(self._answers.metadata(wanted))
            return responses.status(
                self._answers.status(get_model_status_pb2.GetModelStatusRequest(model_spec=spec))
            )
        raise invalid(f"Malformed request: {method} {path}")

    def _ask(self, spec: model_pb2.ModelSpec, method: str, body: bytes) -> bytes:
        document = requests.parse(body)
        spec.signature_name = requests.signature_name(document)
        if method == "predict":
            form, tensors = requests.tensors(document, self._answers.inputs_of(spec))
            request = predict_pb2.PredictRequest(model_spec=spec)
            for alias, tensor in tensors.items():
                request.inputs[alias].CopyFrom(tensor)
            return responses.predictions(self._answers.predict(request, REST, self._timeout_s).outputs, form)
        examples = requests.examples(document)
        if method == "classify":
            wanted = classification_pb2.ClassificationRequest(model_spec=spec, input=examples)
            return responses.classifications(self._answers.classify(wanted, REST, self._timeout_s).result)
        wanted = regression_pb2.RegressionRequest(model_spec=spec, input=examples)
        return responses.regressions(self._answers.regress(wanted, REST, self._timeout_s).result)


def _spec(match: re.Match) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=match["model"])
    if match["label"]:
        spec.version_label = match["label"]
    if match["version"]:
        number = int(match["version"][:20])
        if number >= 2**63:
            raise invalid(f"Failed to convert version: {match['version'][:40]} to numeric.")
        spec.version.value = number
    return spec


async def _unrouted(request: Request, error: HTTPException) -> Response:
    """What Starlette turns away by itself, another method or path, in the words of the others."""
    refusal = invalid(f"Malformed request: {request.method} {request.scope['path']}")
    return _failure(refusal, error)


def _failure(status: RequestError, error: Exception) -> Response:
    if status.code is grpc.StatusCode.INTERNAL:
        _log.error("a request failed", exc_info=error)
    headers = {}
    if status.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(status.retry_after_s)))
    return Response(
        responses.error(status.message),
        status_code=_HTTP_CODES.get(status.code, 500),
        headers=headers,
        media_type="application/json",
    )
