"""A client for the detector behind any TensorFlow Serving endpoint.

Needs grpcio and protobuf only, so that it starts at once and can be installed where TensorFlow cannot. For asyncio
there is `aio_client`.

    with Client("localhost:8500") as client:
        for verdict in client.predict_images(["face.jpg", "face.png"]):
            ...
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc

from serving.channel import open_channel
from serving.defaults import GRPC_PORT, MODEL_NAME
from serving.exchange import Exchange, Image, batches, read_items
from serving.explanation import Explanation
from serving.protos import (
    METADATA_METHOD,
    PREDICT_METHOD,
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    PredictRequest,
    PredictResponse,
)
from serving.tls import Tls
from serving.verdict import Verdict

__all__ = ["Client", "Image", "Tls"]


class Client:
    """Asks a model server for verdicts. Reuses one connection; safe for use by several threads.

    A call that does not reach the server is repeated up to three times, with growing pauses or after as long as the
    server asks for; other failures are not, as they would only repeat.

    Args:
        address: "host:port" of the gRPC interface.
        model_name: as the server calls it.
        version: of the model; None for the latest.
        label: of a version, such as "stable", instead of its number.
        timeout_s: seconds to wait for the answer to one batch, retries included.
        batch_size: most images in a request.
        in_flight: most requests at once; a server works on as many as it has cores.
        max_message_bytes: the largest request or answer.
        tls: certificates for an encrypted connection; None for plain text.

    Raises:
        BadInputError: the address is not of the form host:port, a number is below 1, or both a version and a label
            are given.
    """

    def __init__(
        self,
        address: str = f"localhost:{GRPC_PORT}",
        *,
        model_name: str = MODEL_NAME,
        version: int | None = None,
        label: str | None = None,
        timeout_s: float = 30.0,
        batch_size: int = 8,
        in_flight: int = 4,
        max_message_bytes: int = 256 << 20,
        tls: Tls | None = None,
    ):
        self._exchange = Exchange(
            address, model_name, version, label, timeout_s, batch_size, in_flight, max_message_bytes, tls
        )
        self.address = address
        self.model_name = model_name
        self._channel = open_channel(address, max_message_bytes, tls)
        self._predict = self._channel.unary_unary(
            PREDICT_METHOD,
            request_serializer=PredictRequest.SerializeToString,
            response_deserializer=PredictResponse.FromString,
        )
        self._metadata = self._channel.unary_unary(
            METADATA_METHOD,
            request_serializer=GetModelMetadataRequest.SerializeToString,
            response_deserializer=GetModelMetadataResponse.FromString,
        )

    def predict_images(self, images: Iterable[Image]) -> list[Verdict]:
        """One verdict for each image, in their order. See `stream` for errors."""
        return list(self.stream(images))

    def stream(
        self, images: Iterable[Image], *, version: int | None = None, batch_size: int | None = None
    ) -> Iterator[Verdict]:
        """The verdicts as they come, in the order of the images; holds only a few batches in memory.

        An image that cannot be read, or that the server cannot decode, gets a Verdict whose `error` says so;
        the others of its batch are asked about again, one by one.

        Args:
            images: bytes or paths.
            version: of the model, instead of the client's own.
            batch_size: most images in a request, instead of the client's own.

        Raises:
            ServerUnreachableError: no server answers, after retries.
            BadInputError: the server has no such model, version, label or signature.
            ServingError: any other failure of the server, or no answer within the timeout.
        """
        in_flight = self._exchange.in_flight
        pool = ThreadPoolExecutor(in_flight, thread_name_prefix="predict")
        pending: deque[Future[list[Verdict]]] = deque()
        try:
            for batch in batches(images, batch_size or self._exchange.batch_size):
                pending.append(pool.submit(self._judge, batch, version))
                if len(pending) >= 2 * in_flight:
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
        [item] = read_items([image])
        return self._hold(self._exchange.explain(item), self._predict)

    def current_version(self) -> int:
        """The number of the version that would answer now. See `stream` for errors."""
        return self._hold(self._exchange.current_version(), self._metadata)

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def _judge(self, images: list[Image], version: int | None) -> list[Verdict]:
        return self._hold(self._exchange.judge(read_items(images), version), self._predict)

    def _hold(self, conversation: Generator, call: grpc.UnaryUnaryMultiCallable) -> Any:
        """Holds a conversation of `exchange` to its end, and returns what came out."""
        try:
            request = next(conversation)
            while True:
                try:
                    response = call(request, timeout=self._exchange.timeout_s)
                except grpc.RpcError as error:
                    request = conversation.throw(error)
                else:
                    request = conversation.send(response)
        except StopIteration as end:
            return end.value
