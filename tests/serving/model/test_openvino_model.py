"""The network on OpenVINO answers as TensorFlow does, or does not answer at all."""

import logging
import shutil
import threading

import numpy as np
import pytest
import tensorflow as tf

from serving.defaults import SIGNATURE
from serving.errors import BadInputError
from serving.model import openvino_model
from serving.model.openvino_model import OpenVinoModel, accelerated
from serving.model.session_model import SessionModel
from serving.server import Server
from serving.server_options import ServerOptions
from serving.status import RequestError

openvino = pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def plain(detector):
    model = SessionModel.load(detector.directory)
    yield model
    model.close()


@pytest.fixture(scope="module")
def fast(detector):
    model = accelerated(SessionModel.load(detector.directory), detector.directory, 2)
    assert isinstance(model, OpenVinoModel)
    yield model
    model.close()


def request(values):
    return {"image_bytes": tf.make_tensor_proto(values, tf.string, [len(values)])}


@pytest.mark.parametrize("count", [1, 2, 5, 17])
def test_it_answers_as_tensorflow_does(plain, fast, detector, count):
    asked = request([detector.images[place % 5] for place in range(count)])
    expected, received = (model.predict(asked, signature_name=SIGNATURE) for model in (plain, fast))
    assert received.keys() == expected.keys()
    np.testing.assert_allclose(received["score"], expected["score"], rtol=0, atol=1e-6)
    assert received["decision"].tolist() == expected["decision"].tolist()
    for alias in ("score", "threshold", "uncertain_low", "uncertain_high"):
        assert received[alias].dtype == expected[alias].dtype == np.float32
        np.testing.assert_allclose(received[alias], expected[alias], rtol=0, atol=1e-6)


def test_the_rule_is_that_of_the_graph():
    rule = openvino_model._Rule(np.float32(0.7), np.float32(0.69), np.float32(0.71))
    scores = np.array([0.1, 0.69, 0.7, 0.7099, 0.71, 0.9], np.float32)
    decisions = rule.answers(scores)["decision"].tolist()
    assert decisions == [b"real", b"uncertain", b"uncertain", b"uncertain", b"fake", b"fake"]


def test_it_refuses_what_tensorflow_refuses(plain, fast):
    for wrong in (request([b"no image"]), {}, {"image_bytes": tf.make_tensor_proto([1.0])}):
        refusals = []
        for model in (plain, fast):
            with pytest.raises(RequestError) as caught:
                model.predict(wrong, signature_name=SIGNATURE)
            refusals.append((caught.value.code, caught.value.message))
        assert refusals[0] == refusals[1]


def test_other_signatures_and_filters_work(fast, detector):
    assert set(fast.predict(request(detector.images[:1]), signature_name="explain")) == {"score", "map"}
    chosen = fast.predict(request(detector.images), signature_name=SIGNATURE, output_filter=["score"])
    assert list(chosen) == ["score"]


def test_threads_do_not_get_in_each_others_way(fast, detector):
    answers = []

    def ask():
        for _ in range(10):
            answers.append(fast.predict(request(detector.images), signature_name=SIGNATURE)["score"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 40
    for scores in answers:
        np.testing.assert_allclose(scores, detector.scores, rtol=0, atol=1e-5)


def test_other_scores_are_not_served(detector, monkeypatch, caplog):
    scores = OpenVinoModel._scores
    monkeypatch.setattr(
        OpenVinoModel, "_scores", lambda self, pixels: scores(self, pixels) + np.float32(2e-5)
    )
    model = SessionModel.load(detector.directory)
    with caplog.at_level(logging.WARNING):
        assert accelerated(model, detector.directory, 1) is model
    assert "stays with TensorFlow: OpenVINO answers another score to a warm-up request" in caplog.text
    model.close()


def test_without_a_warm_up_request_nothing_is_shown(detector, tmp_path, caplog):
    directory = shutil.copytree(detector.directory, tmp_path / "1")
    shutil.rmtree(directory / "assets.extra")
    model = SessionModel.load(directory)
    assert accelerated(model, directory, 1) is model
    assert "brings no warm-up request for serving_bytes" in caplog.text
    model.close()


def test_a_server_uses_it(detector, base_path):
    from serving.client import Client

    detector.push(base_path, 1)
    with Server(base_path, "m", backend="openvino") as server:
        server.wait_until_available(60)
        with Client(server.address, model_name="m") as client:
            scores = [verdict.score for verdict in client.predict_images(detector.images)]
    assert scores == pytest.approx(detector.scores, abs=1e-5)


def test_another_backend_and_a_missing_package_are_said(monkeypatch):
    with pytest.raises(BadInputError, match="expected one of tensorflow, openvino, received 'x'"):
        ServerOptions(backend="x")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadInputError, match=r"pip install 'deepfake-inspector\[openvino\]'"):
        ServerOptions(backend="openvino")
