"""Unmodified clients of TensorFlow Serving's API, and what tests ask again and again."""

import json
import shutil
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from serving.server import Server


class Refusal(NamedTuple):
    code: grpc.StatusCode
    message: str


class Api:
    """tensorflow-serving-api's own stubs on one server."""

    def __init__(self, server: Server, channel: grpc.Channel | None = None):
        self.server = server
        self._channel = channel or grpc.insecure_channel(
            server.address, options=[("grpc.max_receive_message_length", -1)]
        )
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def close(self):
        self._channel.close()

    def predict(self, request, timeout=20) -> predict_pb2.PredictResponse:
        return self.prediction.Predict(request, timeout=timeout)

    def version_that_answers(self, images, **spec) -> int:
        return self.predict(ask(images, **spec)).model_spec.version.value

    def scores(self, images, **spec) -> list[float]:
        return list(self.predict(ask(images, **spec)).outputs["score"].float_val)

    def status(self, name="m") -> list[tuple[int, str]]:
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = name
        states = get_model_status_pb2.ModelVersionStatus.State
        lines = self.model.GetModelStatus(request, timeout=20).model_version_status
        return [(line.version, states.Name(line.state)) for line in lines]

    def reload(self, config) -> None:
        request = model_management_pb2.ReloadConfigRequest(config=config)
        response = self.model.HandleReloadConfigRequest(request, timeout=60)
        assert response.status.error_code == 0

    def rest(self, path: str, body=None, *, raw: bytes | None = None):
        """Status code and parsed answer of a REST call; POST where there is a body."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.server.rest_port}{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data), timeout=20) as answer:
                content, code = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            content, code = error.read(), error.code
        return code, content.decode() if path.endswith("/metrics") else json.loads(content)


def ask(images, *, name="m", signature="serving_bytes", alias="image_bytes", version=None, label=None):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    request.inputs[alias].CopyFrom(tf.make_tensor_proto(images))
    return request


def classification(image: bytes, signature="classify", kind=classification_pb2.ClassificationRequest):
    request = kind()
    request.model_spec.name = "m"
    request.model_spec.signature_name = signature
    feature = request.input.example_list.examples.add().features.feature["image/encoded"]
    feature.bytes_list.value.append(image)
    return request


def refused(call, *arguments, **options) -> Refusal:
    """How a call fails."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **options)
    return Refusal(caught.value.code(), caught.value.details())


def models(text: str) -> model_server_config_pb2.ModelServerConfig:
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


def one(name: str, base_path: Path, rest: str = "") -> str:
    platform = 'model_platform: "tensorflow"'
    return f'model_config_list {{ config {{ name: "{name}" base_path: "{base_path}" {platform} {rest} }} }}'


def wait_until(condition, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the awaited condition did not come"
        time.sleep(0.02)


def copy_slowly(source: Path, target: Path) -> None:
    """The Pusher's order: saved_model.pb last, and here in two halves."""
    graph = source / "saved_model.pb"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(graph.name))
    content = graph.read_bytes()
    with (target / graph.name).open("wb") as half_written:
        for half in (content[: len(content) // 2], content[len(content) // 2 :]):
            time.sleep(0.15)
            half_written.write(half)
            half_written.flush()


class Load:
    """Four clients that ask without a pause, and what they were answered."""

    def __init__(self, api: Api, images):
        self.versions: dict[int, int] = {}
        self.failures: list[Exception] = []
        self._request = ask(images)
        self._api = api
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(4)]

    def _run(self):
        while not self._stop.is_set():
            try:
                version = self._api.predict(self._request).model_spec.version.value
                self.versions[version] = self.versions.get(version, 0) + 1
            except grpc.RpcError as error:
                self.failures.append(error)

    def wait_for(self, version: int) -> None:
        before = self.versions.get(version, 0)
        wait_until(lambda: self.versions.get(version, 0) > before + 10)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        for thread in self._threads:
            thread.join()
