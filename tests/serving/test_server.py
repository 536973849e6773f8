"""The server as an operator sees it: warm-up, ports, signals. Changes under load: tests/conformance."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.client import Client
from serving.errors import BadInputError, ModelLoadError, ServerUnreachableError
from serving.loading import load_and_warm_up
from serving.model import warmup
from serving.model.session_model import SessionModel
from serving.server import Server
from serving.status import RequestError

REPOSITORY = Path(__file__).parents[2]


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
