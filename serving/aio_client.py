"""The client for programs that run on asyncio. Needs grpcio and protobuf only.

async with AsyncClient("localhost:8500") as client:
    async for verdict in client.stream(["face.jpg", "face.png"]):
        ...
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable
from typing import Any

import grpc

from serving.channel import open_aio_channel
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


class AsyncClient:
    """Asks a model server for verdicts, as `client.Client` does: the same arguments, errors, retries and answers.

    It belongs to the event loop it is made in, and many coroutines of that loop may use it at once.
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
        self._channel = open_aio_channel(address, max_message_bytes, tls)
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

    async def predict_images(self, images: Iterable[Image] | AsyncIterable[Image]) -> list[Verdict]:
        """One verdict for each image, in their order. See `stream` for errors."""
        return [verdict async for verdict in self.stream(images)]

    async def stream(
        self,
        images: Iterable[Image] | AsyncIterable[Image],
        *,
        version: int | None = None,
        batch_size: int | None = None,
    ) -> AsyncIterator[Verdict]:
        """The verdicts as they come, in the order of the images; see `client.Client.stream`.

        Files are read in threads, so that a slow disk does not hold up the event loop. A plain iterable of images is
        advanced in the loop: one that has to wait for them should be an asynchronous one.
        """
        in_flight = self._exchange.in_flight
        gate = asyncio.Semaphore(in_flight)
        pending: deque[asyncio.Task[list[Verdict]]] = deque()
        try:
            async for batch in _batches(images, batch_size or self._exchange.batch_size):
                pending.append(asyncio.create_task(self._judge(batch, version, gate)))
                if len(pending) >= 2 * in_flight:
                    for verdict in await pending.popleft():
                        yield verdict
            while pending:
                for verdict in await pending.popleft():
                    yield verdict
        finally:
            for task in pending:
                task.cancel()
            # Waited for, so that no call outlives the stream, and no task's error is left unseen.
            await asyncio.gather(*pending, return_exceptions=True)

    async def explain(self, image: Image) -> Explanation:
        """The verdict about an image, and where the detector looked; see `client.Client.explain`."""
        [item] = await asyncio.to_thread(read_items, [image])
        return await self._hold(self._exchange.explain(item), self._predict)

    async def current_version(self) -> int:
        """The number of the version that would answer now. See `stream` for errors."""
        return await self._hold(self._exchange.current_version(), self._metadata)

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *exception) -> None:
        await self.close()

    async def _judge(
        self, images: list[Image], version: int | None, gate: asyncio.Semaphore
    ) -> list[Verdict]:
        async with gate:
            items = await asyncio.to_thread(read_items, images)
            return await self._hold(self._exchange.judge(items, version), self._predict)

    async def _hold(self, conversation: Generator, call: "grpc.aio.UnaryUnaryMultiCallable") -> Any:
        """Holds a conversation of `exchange` to its end, and returns what came out."""
        try:
            request = next(conversation)
            while True:
                try:
                    response = await call(request, timeout=self._exchange.timeout_s)
                except grpc.RpcError as error:
                    request = conversation.throw(error)
                else:
                    request = conversation.send(response)
        except StopIteration as end:
            return end.value


async def _batches(images: Iterable[Image] | AsyncIterable[Image], size: int) -> AsyncIterator[list[Image]]:
    if not isinstance(images, AsyncIterable):
        for batch in batches(images, size):
            yield batch
        return
    batch: list[Image] = []
    async for image in images:
        batch.append(image)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
