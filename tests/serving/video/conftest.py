"""Tiny videos with known frames, and a server that finds brightness to be the score."""

import io
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

import av
import grpc
import numpy as np
import pytest
from PIL import Image

from serving.protos import PREDICT_METHOD, PredictRequest, PredictResponse

RATE = 10


@pytest.fixture
def make_video(tmp_path) -> Callable[..., Path]:
    """``make_video(name, frames, rotation=None, codec="mpeg4", options=None)``: ten frames a second.

    Each frame is a grey value, or uint8 (H, W, 3).
    """

    def make(name: str, frames, rotation: int | None = None, codec: str = "mpeg4", options=None) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", options=options or {}) as container:
            stream = None
            for frame in frames:
                pixels = np.full((48, 64, 3), frame, np.uint8) if np.isscalar(frame) else frame
                if stream is None:
                    stream = container.add_stream(
                        codec, rate=RATE, options={"qscale": "1", "flags": "+qscale"}
                    )
                    stream.height, stream.width = pixels.shape[:2]
                    stream.pix_fmt = "yuv420p"
                    if rotation is not None:
                        stream.set_display_rotation(rotation)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture
def sound(tmp_path) -> Path:
    """A file with sound alone."""
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


class Brightness:
    """A server whose score is the mean of an image's pixels over 255; a context manager.

    Args:
        versions: that answer one after the other when none is asked for; the last one goes on.
        gone: versions that it does not serve when asked for by number.
        band: uncertain scores.
        dark: images darker than this it cannot judge.
    """

    def __init__(self, versions=(3,), gone=(), band=None, dark=-1.0):
        self.versions, self.gone, self.band, self.dark = list(versions), gone, band, dark
        self.asked: list[int | None] = []
        self.sizes: list[tuple[int, int]] = []
        self.images: list[bytes] = []
        service, method = PREDICT_METHOD.strip("/").split("/")
        handler = grpc.unary_unary_rpc_method_handler(
            self._predict, PredictRequest.FromString, PredictResponse.SerializeToString
        )
        self._server = grpc.server(futures.ThreadPoolExecutor(1))
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {method: handler}),)
        )
        self.address = f"localhost:{self._server.add_insecure_port('localhost:0')}"

    def _predict(self, request, context):
        wanted = request.model_spec.version.value if request.model_spec.HasField("version") else None
        self.asked.append(wanted)
        if wanted in self.gone:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Specific(m, {wanted})")
        images = list(request.inputs["image_bytes"].string_val)
        pictures = [np.asarray(Image.open(io.BytesIO(image))) for image in images]
        scores = [float(picture.mean()) / 255 for picture in pictures]
        if any(score < self.dark for score in scores):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "too dark")
        self.images += images
        self.sizes += [picture.shape[1::-1] for picture in pictures]
        current = self.versions.pop(0) if len(self.versions) > 1 else self.versions[0]
        response = PredictResponse(model_spec={"version": {"value": wanted or current}})
        low, high = self.band or (0.5, 0.5)
        columns = {"score": scores, "threshold": [0.5] * len(scores)}
        columns |= {"uncertain_low": [low] * len(scores), "uncertain_high": [high] * len(scores)}
        for name, values in columns.items():
            response.outputs[name].dtype = 1
            response.outputs[name].float_val.extend(values)
        response.outputs["decision"].dtype = 7
        response.outputs["decision"].string_val.extend(
            [b"uncertain" if low <= one < high else b"fake" if one >= 0.5 else b"real" for one in scores]
        )
        return response

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *exception):
        self._server.stop(None)


@pytest.fixture
def brightness() -> type[Brightness]:
    """The class of such servers."""
    return Brightness
