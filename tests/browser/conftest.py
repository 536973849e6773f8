"""A model server for the page that needs no model: its score is how red an image is."""

import io
import threading
from concurrent import futures
from dataclasses import dataclass, field

import grpc
import numpy as np
import pytest
from PIL import Image

from serving.protos import DT_FLOAT, DT_STRING, PredictRequest, PredictResponse

THRESHOLD = 0.62
MAP_SIZE = 16


@dataclass
class RednessServer:
    """Answers Predict as a detector does; its answers can be changed while it runs.

    Attributes:
        band: of uncertain scores; None for none.
        explains: whether it has the signature `explain`; its map is how red each place is.
        away: whether it answers UNAVAILABLE.
        gate: a request waits until it is set.
        requests: how many came.
        most_at_once: of them.
    """

    band: tuple[float, float] | None = (0.55, 0.7)
    explains: bool = True
    away: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    requests: int = 0
    most_at_once: int = 0
    address: str = ""
    _server: grpc.Server | None = field(default=None, repr=False)

    def __post_init__(self):
        self.gate.set()
        self._now = 0
        self._lock = threading.Lock()

    def start(self) -> None:
        handler = grpc.unary_unary_rpc_method_handler(
            self._predict, PredictRequest.FromString, PredictResponse.SerializeToString
        )
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        service = "tensorflow.serving.PredictionService"
        self._server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(service, {"Predict": handler})]
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        self.gate.set()
        self._server.stop(0).wait()

    def _predict(self, request, context):
        with self._lock:
            self.requests += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            self.gate.wait(30)
            return self._answer(request, context)
        finally:
            with self._lock:
                self._now -= 1

    def _answer(self, request, context):
        if self.away:
            context.abort(grpc.StatusCode.UNAVAILABLE, "out for lunch")
        wants_map = request.model_spec.signature_name == "explain"
        if wants_map and not self.explains:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, 'Serving signature key "explain" not found.')
        try:
            images = [self._pixels(one) for one in request.inputs["image_bytes"].string_val]
        except OSError:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                "{{function_node __wrapped__}} Unknown image file format. One of JPEG, PNG, GIF, BMP required.\n"
                "\t [[{{node map/while/DecodeImage}}]]",
            )
        response = PredictResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = 1700000123
        scores = [float(pixels.mean()) for pixels in images]
        _put_floats(response, "score", scores)
        if wants_map:
            _put_floats(response, "map", images[0].ravel(), (1, MAP_SIZE, MAP_SIZE))
            return response
        low, high = self.band or (THRESHOLD, THRESHOLD)
        for name, value in (("threshold", THRESHOLD), ("uncertain_low", low), ("uncertain_high", high)):
            _put_floats(response, name, [value] * len(scores))
        decisions = [
            b"uncertain" if low <= one < high else b"fake" if one >= THRESHOLD else b"real" for one in scores
        ]
        tensor = response.outputs["decision"]
        tensor.dtype = DT_STRING
        tensor.tensor_shape.dim.add(size=len(decisions))
        tensor.string_val.extend(decisions)
        return response

    @staticmethod
    def _pixels(image: bytes) -> np.ndarray:
        """The red channel in [0, 1], stretched to the map's size."""
        whole = (
            Image.open(io.BytesIO(image)).convert("RGB").resize((MAP_SIZE, MAP_SIZE), Image.Resampling.BOX)
        )
        return np.asarray(whole, np.float32)[..., 0] / 255


def _put_floats(response, name, values, shape=None) -> None:
    tensor = response.outputs[name]
    tensor.dtype = DT_FLOAT
    for size in shape or (len(values),):
        tensor.tensor_shape.dim.add(size=size)
    tensor.float_val.extend(float(value) for value in values)


@pytest.fixture
def redness_server():
    server = RednessServer()
    server.start()
    yield server
    server.stop()
