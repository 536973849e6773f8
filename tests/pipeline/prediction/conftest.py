"""A server that counts what it is asked about, and the command `predict`."""

from concurrent import futures

import grpc
import pytest
from click.testing import CliRunner

from pipeline.commands.predict import predict
from serving.protos import (
    METADATA_METHOD,
    PREDICT_METHOD,
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    PredictRequest,
    PredictResponse,
)


class Counting:
    """Finds the last byte of an image, over 255, to be its score; text is no image.

    Attributes:
        version: that answers.
        asked: the images so far.
    """

    def __init__(self):
        self.version, self.asked = 12, []
        self._server = grpc.server(futures.ThreadPoolExecutor(1))
        for path, function, request, response in (
            (PREDICT_METHOD, self._predict, PredictRequest, PredictResponse),
            (METADATA_METHOD, self._metadata, GetModelMetadataRequest, GetModelMetadataResponse),
        ):
            service, method = path.strip("/").split("/")
            handler = grpc.unary_unary_rpc_method_handler(
                function, request.FromString, response.SerializeToString
            )
            self._server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service, {method: handler}),)
            )
        self.address = f"localhost:{self._server.add_insecure_port('localhost:0')}"
        self._server.start()

    def _predict(self, request, context):
        images = list(request.inputs["image_bytes"].string_val)
        if any(image.startswith(b"text") for image in images):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no image")
        self.asked += images
        scores = [image[-1] / 255 for image in images]
        response = PredictResponse(model_spec={"version": {"value": self.version}})
        for name, values in (("score", scores), ("threshold", [0.75] * len(images))):
            response.outputs[name].dtype = 1
            response.outputs[name].float_val.extend(values)
        response.outputs["decision"].dtype = 7
        response.outputs["decision"].string_val.extend(
            [b"fake" if score >= 0.75 else b"real" for score in scores]
        )
        return response

    def _metadata(self, request, context):
        return GetModelMetadataResponse(model_spec={"version": {"value": self.version}})

    def stop(self):
        self._server.stop(None)


@pytest.fixture
def server():
    server = Counting()
    yield server
    server.stop()


@pytest.fixture
def ask(server):
    """``ask(*arguments)``: result of `predict` with that server; raises what the command raises."""

    def run(*arguments):
        command = [*map(str, arguments), "--server", server.address]
        result = CliRunner().invoke(predict, command, standalone_mode=False)
        if result.exception:
            raise result.exception
        return result

    return run


@pytest.fixture
def images(tmp_path):
    """Three files: fake, no image, real."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name, content in (("a.jpg", b"\xff"), ("b.jpg", b"text"), ("c.jpg", b"\x00")):
        (folder / name).write_bytes(content)
    return folder
