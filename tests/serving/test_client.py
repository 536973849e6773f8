"""The client and its twin for asyncio: verdicts, bad images, retries, errors, and how little they need."""

import asyncio
import hashlib
import json
import subprocess
import sys
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc
import numpy as np
import pytest

from serving import wire
from serving.aio_client import AsyncClient
from serving.client import Client
from serving.errors import BadInputError, ServerUnreachableError, ServingError
from serving.protos import PREDICT_METHOD, PredictRequest, PredictResponse

REPOSITORY = Path(__file__).parents[2]


class Awaited:
    """An AsyncClient in an event loop of its own, to be called like a Client."""

    def __init__(self, *args, **options):
        async def make():
            return AsyncClient(*args, **options)

        self._loop = asyncio.new_event_loop()
        try:
            self._client = self._wait(make())
        except BaseException:
            self._loop.close()
            raise

    def _wait(self, awaitable):
        return self._loop.run_until_complete(awaitable)

    def predict_images(self, images):
        return self._wait(self._client.predict_images(images))

    def stream(self, images, **options):
        stream = self._client.stream(images, **options)
        try:
            while True:
                yield self._wait(anext(stream))
        except StopAsyncIteration:
            return
        finally:
            self._wait(stream.aclose())

    def explain(self, image):
        return self._wait(self._client.explain(image))

    def current_version(self):
        return self._wait(self._client.current_version())

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._wait(self._client.close())
        self._loop.close()


@pytest.fixture(params=[Client, Awaited], ids=["sync", "async"], scope="module")
def kind(request):
    """Which client."""
    return request.param


@pytest.fixture(scope="module")
def client(server, kind):
    with kind(server.address, model_name="m", batch_size=3, in_flight=2) as client:
        yield client


def test_verdicts_are_those_of_keras_in_order(client, detector, tmp_path):
    paths = []
    for position, image in enumerate(detector.images):
        paths.append(tmp_path / f"{position}.img")
        paths[-1].write_bytes(image)

    verdicts = client.predict_images(paths)

    assert [verdict.path for verdict in verdicts] == [str(path) for path in paths]
    assert [verdict.score for verdict in verdicts] == pytest.approx(detector.scores, abs=1e-5)
    for verdict, image in zip(verdicts, detector.images, strict=True):
        assert verdict.decision == ("fake" if verdict.score >= detector.threshold else "real")
        assert verdict.threshold == pytest.approx(detector.threshold)
        assert (verdict.model_name, verdict.model_version) == ("m", 123)
        assert verdict.sha256 == hashlib.sha256(image).hexdigest()
        assert verdict.ok
    json.dumps([verdict.as_dict() for verdict in verdicts])


def test_a_bad_image_does_not_hurt_its_batch(client, detector, tmp_path):
    good = detector.images[0]
    images = [good, good[:300], b"text", good, b"", tmp_path / "nowhere.jpg", good]

    verdicts = client.predict_images(images)

    assert [verdict.ok for verdict in verdicts] == [True, False, False, True, False, False, True]
    assert [verdict.score for verdict in verdicts if verdict.ok] == pytest.approx(
        detector.scores[:1] * 3, abs=1e-5
    )
    # Later releases of TensorFlow name more formats.
    assert verdicts[2].error.startswith("Unknown image file format. One of JPEG,")
    assert verdicts[5].error == "cannot be read: No such file or directory"
    assert (verdicts[5].sha256, verdicts[5].path) == (None, str(tmp_path / "nowhere.jpg"))


def test_an_explanation_is_the_verdict_and_its_map(client, detector):
    import tensorflow as tf

    image = detector.images[1]
    explanation = client.explain(image)

    assert explanation.verdict == client.predict_images([image])[0]
    expected = tf.image.resize(tf.io.decode_image(image, channels=3), (32, 32)) / 255.0
    heat = np.asarray(explanation.heat_map)
    assert (heat.dtype, heat.shape) == (np.float32, (32, 32))
    np.testing.assert_allclose(heat, tf.reduce_mean(expected, axis=-1), atol=1e-5)


@pytest.mark.parametrize("image", [b"text", Path("nowhere.jpg")])
def test_a_bad_image_is_not_explained(client, image):
    explanation = client.explain(image)
    assert not explanation.verdict.ok
    assert explanation.heat_map is None


def test_no_images_no_calls(kind):
    with kind("localhost:1") as client:
        assert client.predict_images([]) == []


def test_images_are_taken_as_they_are_needed(client, detector):
    taken = []

    def endless():
        while True:
            taken.append(detector.images[0])
            yield taken[-1]

    stream = client.stream(endless())
    assert next(stream).ok
    assert len(taken) <= 3 * 2 * 2, "batch size 3, 2 in flight, twice that in hand"
    stream.close()


@pytest.mark.parametrize(
    "address", ["localhost", "http://localhost:8500", "localhost:99999", "a b:1", ":8500", ""]
)
def test_an_address_of_another_form(kind, address):
    with pytest.raises(BadInputError, match=r"of the form HOST:PORT"):
        kind(address)


@pytest.mark.parametrize("number", ["timeout_s", "batch_size", "in_flight", "max_message_bytes"])
def test_numbers_must_be_positive(kind, number):
    with pytest.raises(BadInputError, match=r"above 0"):
        kind("localhost:1", **{number: 0})


def test_a_version_has_one_name(kind):
    with pytest.raises(BadInputError, match=r"a model version or a label, received both 3 and 'stable'"):
        kind("localhost:1", version=3, label="stable")


def test_the_version_that_would_answer(client):
    assert client.current_version() == 123


def test_the_label_is_sent_and_an_unknown_one_is_the_users_mistake(kind, detector, server):
    asked = []

    def answer(request):
        asked.append(request.model_spec)
        response = Scripted.scores(request)
        response.model_spec.version.value = 7
        return response

    with Scripted([], answer) as scripted, kind(scripted.address, label="stable") as client:
        assert client.predict_images([b"x"])[0].model_version == 7
    assert [(spec.version_label, spec.HasField("version")) for spec in asked] == [("stable", False)]
    with (
        kind(server.address, model_name="m", label="nope") as client,
        pytest.raises(
            BadInputError,
            match=r"does not serve a detector as 'm' \(Unrecognized servable version label: nope",
        ),
    ):
        client.predict_images(detector.images)


def test_an_asynchronous_source_of_images(server, detector):
    async def ask():
        async def images():
            for image in detector.images:
                await asyncio.sleep(0)
                yield image

        async with AsyncClient(server.address, model_name="m", batch_size=2) as client:
            return [verdict.score async for verdict in client.stream(images())]

    assert asyncio.run(ask()) == pytest.approx(detector.scores, abs=1e-5)


@pytest.mark.parametrize("images", [8, 40])
def test_no_more_requests_at_once_than_allowed(kind, images):
    lock, now, most = threading.Lock(), 0, 0

    def answer(request):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return Scripted.scores(request)

    with Scripted([], answer) as server, kind(server.address, batch_size=1, in_flight=2) as client:
        assert len(client.predict_images([b"x"] * images)) == images
    assert most == 2


def test_an_unknown_model_or_version(kind, server, detector):
    for options, reason in [({"model_name": "n"}, r"Latest\(n\)"), ({"version": 9}, r"Specific\(m, 9\)")]:
        with (
            kind(server.address, **{"model_name": "m", **options}) as client,
            pytest.raises(BadInputError, match=rf"{reason}.*check the model name and version"),
        ):
            client.predict_images(detector.images)


class Scripted:
    """A server that answers Predict by the script: status codes, then scores; a context manager."""

    def __init__(self, script, answer=None, words="as scripted", pushback_ms=None, peers=None):
        self._pushback_ms = pushback_ms
        self._peers = [] if peers is None else peers
        self.script = list(script)
        self.words = words
        self.answer = answer or self.scores
        self.calls = 0
        self._lock = threading.Lock()
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        handler = grpc.unary_unary_rpc_method_handler(
            self._predict, PredictRequest.FromString, PredictResponse.SerializeToString
        )
        service, method = PREDICT_METHOD.strip("/").split("/")
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {method: handler}),)
        )
        self.address = f"localhost:{self._server.add_insecure_port('localhost:0')}"

    @staticmethod
    def scores(request):
        count = len(request.inputs["image_bytes"].string_val)
        response = PredictResponse()
        response.outputs["score"].MergeFrom(type(response.outputs["score"])(dtype=1, float_val=[0.5] * count))
        response.outputs["threshold"].CopyFrom(response.outputs["score"])
        response.outputs["decision"].dtype = 7
        response.outputs["decision"].string_val.extend([b"fake"] * count)
        return response

    def _predict(self, request, context):
        with self._lock:
            self.calls += 1
            self._peers.append(context.peer())
            code = self.script.pop(0) if self.script else None
        if code is not None and self._pushback_ms is not None:
            context.set_trailing_metadata([("grpc-retry-pushback-ms", str(self._pushback_ms))])
        if code is not None:
            context.abort(code, self.words)
        return self.answer(request)

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *exception):
        self._server.stop(None)


def test_unavailable_is_retried(kind):
    unavailable = grpc.StatusCode.UNAVAILABLE
    with Scripted([unavailable, unavailable]) as server, kind(server.address) as client:
        assert client.predict_images([b"x" * (1 << 20)])[0].score == 0.5
    assert server.calls == 3


@pytest.mark.parametrize(("pushback_ms", "calls"), [(900, 2), (-1, 1)])
def test_the_server_says_when_to_come_again(kind, pushback_ms, calls):
    """gRPC's own first pause is 0.2 s at most; below 0 means not at all."""
    script = [grpc.StatusCode.UNAVAILABLE]
    with Scripted(script, pushback_ms=pushback_ms) as server, kind(server.address) as client:
        started = time.monotonic()
        if calls == 1:
            with pytest.raises(ServerUnreachableError, match="as scripted"):
                client.predict_images([b"x"])
        else:
            assert client.predict_images([b"x"])[0].ok
            assert 0.9 <= time.monotonic() - started < 5
    assert server.calls == calls


def test_one_connection_carries_all_calls(kind):
    peers = []
    with Scripted([], peers=peers) as server, kind(server.address, batch_size=1) as client:
        client.predict_images([b"x"] * 9)
        client.predict_images([b"x"])
    assert len(peers) == 10
    assert len(set(peers)) == 1


def test_unavailable_for_long_is_reported(kind):
    with (
        Scripted([grpc.StatusCode.UNAVAILABLE] * 9) as server,
        kind(server.address) as client,
        pytest.raises(ServerUnreachableError, match=r"not reachable at .*deepfake-inspector serve"),
    ):
        client.predict_images([b"x"])
    assert server.calls == 4


def test_a_call_cut_off_by_the_server_may_be_made_again(kind):
    with (
        Scripted([grpc.StatusCode.CANCELLED]) as server,
        kind(server.address) as client,
        pytest.raises(ServerUnreachableError, match="stopped before it answered: ask again"),
    ):
        client.predict_images([b"x"])
    assert server.calls == 1


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_other_failures_are_not_retried(kind, code):
    with (
        Scripted([code]) as server,
        kind(server.address) as client,
        pytest.raises(ServingError, match=rf"failed: {code.name}: as scripted"),
    ):
        client.predict_images([b"x"])
    assert server.calls == 1


def test_a_server_that_does_not_answer_in_time(kind):
    over = threading.Event()

    def slow(request):
        over.wait(10)
        return Scripted.scores(request)

    with Scripted([], slow) as server, kind(server.address, timeout_s=0.2) as client:
        with pytest.raises(ServingError, match=r"no answer from .* within 0.2 s: allow more time"):
            client.predict_images([b"x"])
        over.set()


def test_answers_in_packed_form_are_read_and_others_refused(kind):
    def packed(request):
        response = Scripted.scores(request)
        response.outputs["score"].ClearField("float_val")
        response.outputs["score"].tensor_content = b"\x00\x00\x80\x3e" * 2
        return response

    with Scripted([], packed) as server, kind(server.address) as client:
        assert [verdict.score for verdict in client.predict_images([b"x", b"y"])] == [0.25, 0.25]
        with pytest.raises(ServingError, match=r"expected 1 values .* output score"):
            client.predict_images([b"x"])
    with (
        Scripted([], lambda request: PredictResponse()) as server,
        kind(server.address) as client,
        pytest.raises(ServingError, match=r"expected outputs score, decision, threshold, received \[\]"),
    ):
        client.predict_images([b"x"])


def test_a_model_of_another_kind_is_said_once_and_blames_no_image(kind):
    with (
        Scripted([grpc.StatusCode.INVALID_ARGUMENT], words=next(iter(wire.FORM_ERRORS))) as server,
        kind(server.address) as client,
        pytest.raises(BadInputError, match=r"does not serve a detector as 'deepfake-inspector' \(input size"),
    ):
        client.predict_images([b"x", b"y"])
    assert server.calls == 1


PROBE = """
import json, sys, time
start = time.perf_counter()
import serving.client, serving.inputs
seconds = time.perf_counter() - start
import serving.aio_client
packages = {name.split(".")[0] for name in sys.modules}
heavy = sorted(packages & {"tensorflow", "tfx", "numpy", "keras", "PIL", "apache_beam"})
json.dump({"heavy": heavy, "seconds": seconds}, sys.stdout)
"""


def test_the_client_is_light():
    result = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )

    found = json.loads(result.stdout)
    assert found["heavy"] == []
    assert found["seconds"] < 0.6
