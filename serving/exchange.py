"""What a client says and what it makes of the answers, whichever way the two travel.

Each conversation is a generator: it yields a request, is sent the response or thrown the call's `grpc.RpcError`, and
returns its result. `client` drives it with plain calls, `aio_client` with awaited ones; neither knows a message.
"""

import hashlib
import os
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc

from serving import wire
from serving.defaults import EXPLAIN_SIGNATURE
from serving.errors import BadInputError, ServerUnreachableError, ServingError
from serving.explanation import Explanation
from serving.protos import GetModelMetadataRequest, GetModelMetadataResponse, PredictRequest, PredictResponse
from serving.tls import Tls
from serving.verdict import Verdict

Image = bytes | str | os.PathLike
"""The bytes of a JPEG or PNG file, or its path."""

_REQUEST_IS_WRONG = (
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.INVALID_ARGUMENT,
)


@dataclass(frozen=True)
class Item:
    """An image as it was found: its bytes, or why there are none.

    Attributes:
        path: None for bytes.
        data: the file's bytes.
        sha256: of them, in hexadecimal.
        error: why they could not be read.
    """

    path: str | None
    data: bytes | None
    sha256: str | None = None
    error: str | None = None


def read_items(images: Iterable[Image]) -> list[Item]:
    """Reads images; one that cannot be read becomes an item with an `error`."""
    return [_read(image) for image in images]


def _read(image: Image) -> Item:
    path = None if isinstance(image, bytes) else os.fspath(image)
    try:
        data = image if path is None else Path(path).read_bytes()
    except OSError as error:
        return Item(path, None, error=f"cannot be read: {error.strerror}")
    return Item(path, data, hashlib.sha256(data).hexdigest())


def batches(images: Iterable[Image], size: int) -> Iterator[list[Image]]:
    """Lists of `size` images, the last one of what is left; takes no more of them than it gives."""
    batch: list[Image] = []
    for image in images:
        batch.append(image)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass(frozen=True)
class Exchange:
    """Whom a client asks, and the conversations it has.

    Attributes:
        address: "host:port" of the gRPC interface.
        model_name: as the server calls it.
        version: of the model; None for the latest, or that of the label.
        label: of a version, such as "stable", as the server's configuration has it.
        timeout_s: seconds to wait for the answer to one request, retries included.
        batch_size: most images in a request.
        in_flight: most requests at once.
        max_message_bytes: the largest request or answer.
        tls: None for plain text.

    Raises:
        BadInputError: a number is not above 0, or both a version and a label are given.
    """

    address: str
    model_name: str
    version: int | None
    label: str | None
    timeout_s: float
    batch_size: int
    in_flight: int
    max_message_bytes: int
    tls: Tls | None

    def __post_init__(self):
        numbers = (self.timeout_s, self.batch_size, self.in_flight, self.max_message_bytes)
        if min(numbers) <= 0:
            raise BadInputError(
                "expected timeout, batch size, requests in flight and message size above 0, received "
                + ", ".join(map(str, numbers))
            )
        if self.version is not None and self.label is not None:
            raise BadInputError(
                f"expected a model version or a label, received both {self.version} and {self.label!r}: "
                "a label is another name of a version"
            )

    def judge(
        self, items: list[Item], version: int | None = None
    ) -> Generator[PredictRequest, PredictResponse, list[Verdict]]:
        """The conversation that gives one verdict an item, in their order.

        When the server blames an image, each is asked about alone, so that the others still get their verdict.

        Args:
            items: images.
            version: instead of this exchange's own.
        """
        usable = [item for item in items if item.data is not None]
        verdicts = iter((yield from self._ask(usable, version)) if usable else ())
        return [self._refused(item, item.error) if item.data is None else next(verdicts) for item in items]

    def explain(self, item: Item) -> Generator[PredictRequest, PredictResponse, Explanation]:
        """The conversation that gives the verdict about an image, and where the detector looked."""
        [verdict] = yield from self.judge([item])
        if not verdict.ok:
            return Explanation(verdict, None)
        version = verdict.model_version
        # The version that gave the verdict, should a new one come up between the two questions.
        request = wire.predict_request([item.data], self.model_name, version, EXPLAIN_SIGNATURE)
        try:
            response = yield request
        except grpc.RpcError as error:
            if error.code() in _REQUEST_IS_WRONG:
                raise BadInputError(
                    f"version {version} of {self.model_name!r} does not explain its verdicts "
                    f"({error.details()}): it was exported before this project could, or elsewhere; run the pipeline "
                    "again and ask the new version"
                ) from error
            raise self._failure(error) from error
        return Explanation(verdict, wire.read_map(response))

    def current_version(self) -> Generator[GetModelMetadataRequest, GetModelMetadataResponse, int]:
        """The conversation that tells the number of the version that would answer now."""
        try:
            response = yield wire.metadata_request(self.model_name, self.version, self.label)
        except grpc.RpcError as error:
            raise self._failure(error) from error
        return response.model_spec.version.value

    def _ask(self, items: list[Item], version: int | None):
        version = self.version if version is None else version
        images = [item.data for item in items]
        try:
            response = yield wire.predict_request(images, self.model_name, version, label=self.label)
        except grpc.RpcError as error:
            if not _blames_an_image(error):
                raise self._failure(error) from error
            if len(items) == 1:
                return [self._refused(items[0], _sentence(error.details()))]
        else:
            return self._verdicts(items, response)
        verdicts = []
        for item in items:
            verdicts += yield from self._ask([item], version)
        return verdicts

    def _verdicts(self, items: list[Item], response: PredictResponse) -> list[Verdict]:
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
            for item, answer in zip(items, wire.read_answers(response, len(items)), strict=True)
        ]

    def _refused(self, item: Item, reason: str) -> Verdict:
        return Verdict(item.path, None, None, None, self.model_name, None, item.sha256, error=reason)

    def _failure(self, error: grpc.RpcError) -> Exception:
        code, details = error.code(), error.details()
        if code is grpc.StatusCode.UNAVAILABLE:
            advice = (
                "check the certificates and that it speaks TLS there"
                if self.tls
                else "or give another address"
            )
            return ServerUnreachableError(
                f"server not reachable at {self.address}: start one with `deepfake-inspector serve`, "
                f"{advice} ({details})"
            )
        if code is grpc.StatusCode.CANCELLED:
            # Not by us. gRPC ends so what reaches a server between its last call and its goodbye.
            return ServerUnreachableError(
                f"the server at {self.address} stopped before it answered: ask again ({details})"
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return ServingError(
                f"no answer from {self.address} within {self.timeout_s:g} s: "
                "allow more time, or send fewer images at once"
            )
        if code in _REQUEST_IS_WRONG:
            return BadInputError(
                f"the server at {self.address} does not serve a detector as {self.model_name!r} "
                f"({details}): check the model name and version, or wait until the model is loaded"
            )
        return ServingError(f"the server at {self.address} failed: {code.name}: {details}")


def _blames_an_image(error: grpc.RpcError) -> bool:
    if error.code() is not grpc.StatusCode.INVALID_ARGUMENT:
        return False
    # It is also the answer to a request of the wrong form, which no other image would cure.
    return not error.details().startswith(wire.FORM_ERRORS)


def _sentence(details: str) -> str:
    """What a model says of an image, without the frame that TensorFlow puts around its own words."""
    framed = re.fullmatch(r"assertion failed: \[(.*)\]", details, re.DOTALL)
    return framed[1] if framed else details
