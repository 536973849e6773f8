"""A client for the detector behind any TensorFlow Serving endpoint.

Needs grpcio and protobuf only, so that it starts at once and can be installed where TensorFlow cannot.

    with Client("localhost:8500") as client:
        for verdict in client.predict_images(["face.jpg", "face.png"]):
            ...
"""

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc

from serving import wire
from serving.channel import open_channel
from serving.defaults import EXPLAIN_SIGNATURE, GRPC_PORT, MODEL_NAME
from serving.errors import BadInputError, ServerUnreachableError, ServingError
from serving.explanation import Explanation
from serving.protos import PREDICT_METHOD, PredictRequest, PredictResponse
from serving.verdict import Verdict

_REQUEST_IS_WRONG = (
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.INVALID_ARGUMENT,
)

Image = bytes | str | os.PathLike
"""The bytes of a JPEG or PNG file, or its path."""


class Client:
    """Asks a model server for verdicts. Reuses one connection; safe for use by several threads.

    Args:
        address: "host:port" of the gRPC interface.
        model_name: as the server calls it.
        version: of the model; None for the latest.
        timeout_s: seconds to wait for the answer to one batch, retries included.
        batch_size: most images in a request.
        in_flight: most requests at once; a server works on as many as it has cores.
        max_message_bytes: the largest request or answer.

    Raises:
        BadInputError: the address is not of the form host:port, or a number is below 1.
    """

    def __init__(
        self,
        address: str = f"localhost:{GRPC_PORT}",
        *,
        model_name: str = MODEL_NAME,
        version: int | None = None,
        timeout_s: float = 30.0,
        batch_size: int = 8,
        in_flight: int = 4,
        max_message_bytes: int = 256 << 20,
    ):
        if min(timeout_s, batch_size, in_flight, max_message_bytes) <= 0:
            raise BadInputError(
                "expected timeout, batch size, requests in flight and message size above 0, received "
                f"{timeout_s}, {batch_size}, {in_flight}, {max_message_bytes}"
            )
        self.address = address
        self.model_name = model_name
        self._version = version
        self._timeout_s = timeout_s
        self._batch_size = batch_size
        self._in_flight = in_flight
        self._channel = open_channel(address, max_message_bytes)
        self._call = self._channel.unary_unary(
            PREDICT_METHOD,
            request_serializer=PredictRequest.SerializeToString,
            response_deserializer=PredictResponse.FromString,
        )

    def predict_images(self, images: Iterable[Image]) -> list[Verdict]:
        """One verdict for each image, in their order. See `stream` for errors."""
        return list(self.stream(images))

    def stream(self, images: Iterable[Image]) -> Iterator[Verdict]:
        """The verdicts as they come, in the order of the images; holds only a few batches in memory.

        An image that cannot be read, or that the server cannot decode, gets a Verdict whose `error` says so;
        the others of its batch are asked about again, one by one.

        Raises:
            ServerUnreachableError: no server answers, after retries.
            BadInputError: the server has no such model, version or signature.
            ServingError: any other failure of the server, or no answer within the timeout.
        """
        pool = ThreadPoolExecutor(self._in_flight, thread_name_prefix="predict")
        pending: deque[Future[list[Verdict]]] = deque()
        try:
            for batch in _batches(images, self._batch_size):
                pending.append(pool.submit(self._judge, batch))
                if len(pending) >= 2 * self._in_flight:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def explain(self, image: Image) -> Explanation:
        """The verdict about an image, and where the detector looked. See `stream` for further errors.

        Raises:
            BadInputError: the model that answered has no signature `explain`.
        """
        item = _read(image)
        if item.data is None:
            return Explanation(self._refused(item, item.error), None)
        [verdict] = self._ask([item])
        if not verdict.ok:
            return Explanation(verdict, None)
        # The version that gave the verdict, should a new one come up between the two questions.
        request = wire.predict_request([item.data], self.model_name, verdict.model_version, EXPLAIN_SIGNATURE)
        try:
            response = self._call(request, timeout=self._timeout_s)
        except grpc.RpcError as error:
            if error.code() in _REQUEST_IS_WRONG:
                raise BadInputError(
                    f"version {verdict.model_version} of {self.model_name!r} does not explain its verdicts "
                    f"({error.details()}): it was exported before this project could, or elsewhere; run the pipeline "
                    "again and ask the new version"
                ) from error
            raise self._failure(error) from error
        return Explanation(verdict, wire.read_map(response))

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def _judge(self, images: list[Image]) -> list[Verdict]:
        read = [_read(image) for image in images]
        usable = [item for item in read if item.data is not None]
        verdicts = iter(self._ask(usable) if usable else [])
        return [self._refused(item, item.error) if item.data is None else next(verdicts) for item in read]

    def _ask(self, items: list["_Item"]) -> list[Verdict]:
        request = wire.predict_request([item.data for item in items], self.model_name, self._version)
        try:
            response = self._call(request, timeout=self._timeout_s)
        except grpc.RpcError as error:
            if not _blames_an_image(error):
                raise self._failure(error) from error
            if len(items) == 1:
                return [self._refused(items[0], error.details())]
            return [verdict for item in items for verdict in self._ask([item])]
        answers = wire.read_answers(response, len(items))
        version = response.model_spec.version.value
        return [
            Verdict(
                item.path,
                answer.score,
                answer.decision,
                answer.threshold,
                self.model_name,
                version,
                item.sha256,
                answer.uncertain_band,
            )
            for item, answer in zip(items, answers, strict=True)
        ]

    def _refused(self, item: "_Item", reason: str) -> Verdict:
        return Verdict(item.path, None, None, None, self.model_name, None, item.sha256, error=reason)

    def _failure(self, error: grpc.RpcError) -> Exception:
        code, details = error.code(), error.details()
        if code is grpc.StatusCode.UNAVAILABLE:
            return ServerUnreachableError(
                f"server not reachable at {self.address}: start one with `deepfake-inspector serve`, "
                f"or give another address ({details})"
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return ServingError(
                f"no answer from {self.address} within {self._timeout_s:g} s: "
                "allow more time, or send fewer images at once"
            )
        if code in _REQUEST_IS_WRONG:
            return BadInputError(
                f"the server at {self.address} does not serve a detector as {self.model_name!r} "
                f"({details}): check the model name and version, or wait until the model is loaded"
            )
        return ServingError(f"the server at {self.address} failed: {code.name}: {details}")


@dataclass(frozen=True)
class _Item:
    path: str | None
    data: bytes | None
    sha256: str | None = None
    error: str | None = None


def _read(image: Image) -> _Item:
    path = None if isinstance(image, bytes) else os.fspath(image)
    try:
        data = image if path is None else Path(path).read_bytes()
    except OSError as error:
        return _Item(path, None, error=f"cannot be read: {error.strerror}")
    return _Item(path, data, hashlib.sha256(data).hexdigest())


def _batches(images: Iterable[Image], size: int) -> Iterator[list[Image]]:
    batch: list[Image] = []
    for image in images:
        batch.append(image)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _blames_an_image(error: grpc.RpcError) -> bool:
    if error.code() is not grpc.StatusCode.INVALID_ARGUMENT:
        return False
    # It is also the answer to a request of the wrong form, which no other image would cure.
    return not error.details().startswith(wire.FORM_ERRORS)
