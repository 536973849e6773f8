"""The server as an operator sees it: reloads under load, failures, ports, signals."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc, prediction_log_pb2

from serving.client import Client
from serving.errors import BadInputError, ModelLoadError, ServerUnreachableError
from serving.loading import load_and_warm_up
from serving.model import warmup
from serving.model.session_model import SessionModel
from serving.server import Server
from serving.status import RequestError

REPOSITORY = Path(__file__).parents[2]


class Load:
    """Threads that ask without pause, and what they were answered; a context manager."""

    def __init__(self, address, images):
        self._client = Client(address, model_name="m", batch_size=1)
        self._images = images
        self._stop = threading.Event()
        self.versions: Counter[int] = Counter()
        self.failures: list[Exception] = []
        self._answered = threading.Condition()
        self._threads = [threading.Thread(target=self._ask) for _ in range(3)]

    def _ask(self):
        while not self._stop.is_set():
            try:
                versions = [verdict.model_version for verdict in self._client.predict_images(self._images)]
            except Exception as error:  # the test reads them all
                self.failures.append(error)
                return
            with self._answered:
                self.versions.update(versions)
                self._answered.notify_all()

    def wait_for(self, version: int) -> None:
        with self._answered:
            came = self._answered.wait_for(lambda: self.versions[version] >= 30 or self.failures, 30)
        assert not self.failures
        assert came, f"version {version} does not answer: {self.versions}"

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.close()


def copy_slowly(source: Path, target: Path, pause: threading.Event) -> None:
    """The Pusher's order: saved_model.pb last, and in two halves."""
    graph = source / "saved_model.pb"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(graph.name))
    content = graph.read_bytes()
    with (target / graph.name).open("wb") as half_written:
        for half in (content[: len(content) // 2], content[len(content) // 2 :]):
            pause.wait(0.15)
            half_written.write(half)
            half_written.flush()


def test_versions_change_under_load_without_a_failed_request(detector, base_path):
    events = []
    detector.push(base_path, 1)
    with Server(
        base_path, "m", poll_interval_s=0.2, on_change=lambda name, status: events.append(status)
    ) as server:
        server.wait_until_available(30)
        with Load(server.address, detector.images[:2]) as load:
            load.wait_for(1)

            copy_slowly(detector.directory, base_path / "2", threading.Event())
            load.wait_for(2)

            broken = base_path / "3"
            broken.mkdir()
            (broken / "saved_model.pb").write_bytes(b"no graph")
            wait_until(lambda: server.statuses()[0].failed)
            load.versions.clear()
            load.wait_for(2)

            shutil.rmtree(broken)
            shutil.rmtree(base_path / "2")
            load.wait_for(1)
        assert not load.failures
        assert "2 failed" not in " ".join(map(str, events)), "a half-written version was loaded"
    assert "version 3 failed to load" in " ".join(map(str, events))


def wait_until(condition, timeout_s: float = 20.0) -> None:
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    pytest.fail("the awaited condition did not come")


def status_of(address, name, version=None):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    with grpc.insecure_channel(address) as channel:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        return stub.GetModelStatus(request, timeout=10).model_version_status


def test_status_descends_and_carries_the_error(detector, base_path):
    detector.push(base_path, 4)
    with Server(base_path, "m", poll_interval_s=0.1) as server:
        server.wait_until_available(30)
        broken = detector.push(base_path, 5)
        (broken / "saved_model.pb").write_bytes(b"no graph")
        wait_until(lambda: server.statuses()[0].failed)

        five, four = status_of(server.address, "m")

    state = get_model_status_pb2.ModelVersionStatus.State
    assert (five.version, five.state) == (5, state.END)
    assert five.status.error_code != 0
    assert "saved_model.pb" in five.status.error_message
    assert (four.version, four.state, four.status.error_code) == (4, state.AVAILABLE, 0)
    assert four.HasField("status")


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("n", None, "Could not find any versions of model n"),
        ("m", 9, "Could not find version 9 of model m"),
    ],
)
def test_status_of_what_is_not_there(server, name, version, message):
    with pytest.raises(grpc.RpcError) as caught:
        status_of(server.address, name, version)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.NOT_FOUND, message)


def test_names_that_are_no_int64_are_not_served(server):
    assert [line.version for line in status_of(server.address, "m")] == [123]


def test_warm_up_comes_before_available(detector, base_path, monkeypatch):
    events = []
    predict = SessionModel.predict

    def noted(self, inputs, **options):
        events.append(options["signature_name"])
        return predict(self, inputs, **options)

    monkeypatch.setattr(SessionModel, "predict", noted)
    detector.push(base_path, 1)
    with Server(base_path, "m", on_change=lambda name, status: events.append(status.state.name)) as server:
        server.wait_until_available(30)

    assert events[:3] == ["LOADING", "serving_bytes", "AVAILABLE"]


def write_warmup(directory: Path, *records: bytes) -> None:
    with tf.io.TFRecordWriter(str(directory / warmup.WARMUP_FILE)) as writer:
        for record in records:
            writer.write(record)


def test_a_version_that_fails_its_warm_up_is_not_served(detector, tmp_path):
    directory = shutil.copytree(detector.directory, tmp_path / "1")
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.signature_name = "gone"
    write_warmup(directory, log.SerializeToString())

    with pytest.raises(RequestError, match=r'Serving signature key "gone" not found'):
        load_and_warm_up(directory)


def test_a_warm_up_file_that_is_damaged_or_of_another_kind(detector, tmp_path):
    model = SessionModel.load(detector.directory)
    directory = shutil.copytree(detector.directory, tmp_path / "1")
    path = directory / warmup.WARMUP_FILE
    whole = path.read_bytes()

    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(tf.errors.DataLossError):
        list(warmup.replay(model, directory))

    write_warmup(directory, b"\xff\xff")
    with pytest.raises(ValueError, match=r"record 0: expected a PredictionLog, received something else"):
        list(warmup.replay(model, directory))

    write_warmup(directory, b"")
    with pytest.raises(
        ValueError, match=r"record 0: expected a request that a model answers, received an empty record"
    ):
        list(warmup.replay(model, directory))

    path.unlink()
    assert list(warmup.replay(model, directory)) == []
    model.close()


def test_stop_lets_calls_in_flight_finish(detector, base_path, monkeypatch):
    running = threading.Event()
    predict = SessionModel.predict

    def noted(self, inputs, **options):
        running.set()
        return predict(self, inputs, **options)

    detector.push(base_path, 1)
    server = Server(base_path, "m")
    server.wait_until_available(30)
    monkeypatch.setattr(SessionModel, "predict", noted)
    many = [detector.images[0]] * 6000
    answers = []
    with Client(server.address, model_name="m", batch_size=len(many), timeout_s=60) as client:
        asking = threading.Thread(target=lambda: answers.extend(client.predict_images(many)))
        asking.start()
        assert running.wait(30)
        assert not answers
        server.stop(grace_s=30)
        asking.join()
        assert len(answers) == len(many)
        assert all(verdict.ok for verdict in answers)
        with pytest.raises(ServerUnreachableError, match=r"deepfake-inspector serve"):
            client.predict_images(detector.images)


def test_a_port_in_use_is_refused(server, base_path):
    with pytest.raises(
        BadInputError, match=rf"127.0.0.1:{server.port} cannot be listened on: .*another port"
    ):
        Server(base_path, port=server.port)


def test_an_empty_base_path_waits(base_path):
    with Server(base_path, "m", poll_interval_s=0.05) as server:
        with pytest.raises(ModelLoadError, match=r"no complete version in"):
            server.wait_until_available(0.2)
        with (
            Client(server.address, model_name="m") as client,
            pytest.raises(BadInputError, match=r"Latest\(m\).*wait until the model is loaded"),
        ):
            client.predict_images([b"x"])


SERVE = """
import sys
from serving.serve_forever import serve_forever
from serving.server_options import ServerOptions
from serving.versions.model_config import one_model
say = lambda line: print(line, flush=True)
told = lambda name, status: say(f"model {name}: {status}")
options = ServerOptions(port=int(sys.argv[2]), poll_interval_s=0.1, on_change=told)
serve_forever(one_model("m", sys.argv[1]), options, announce=say)
print("ended", flush=True)
"""


def test_serve_forever_announces_and_ends_on_sigterm(detector, base_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVE, str(base_path), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    lines = iter(process.stdout.readline, "")
    assert next(lines) == f"serving model m from {base_path} at 127.0.0.1:{port} (gRPC)\n"
    assert next(lines) == f"no version in {base_path} yet: waiting for the pipeline to push one\n"
    detector.push(base_path, 1)
    assert next(lines) == "model m: version 1 is loading\n"
    assert next(lines) == "model m: version 1 is available\n"
    with Client(f"127.0.0.1:{port}", model_name="m") as client:
        assert client.predict_images(detector.images[:1])[0].ok

    process.send_signal(signal.SIGTERM)

    output, errors = process.communicate(timeout=30)
    assert output.splitlines()[0] == "stopping: calls in flight have 30 s to finish"
    assert output.splitlines()[-1] == "ended"
    assert (process.returncode, errors) == (0, "")
