"""The line that requests wait in: bounded, and those who are turned away learn when to come back."""

import threading
import time
import urllib.error
import urllib.request

import grpc
import pytest
from serving_api import Api, ask, wait_until

from serving.admission import Admission
from serving.model.session_model import SessionModel
from serving.server import Server
from serving.status import RequestError

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def turned_away(admission) -> RequestError:
    with pytest.raises(RequestError) as caught, admission.admitted():
        raise AssertionError("there should have been no place")
    assert caught.value.code is UNAVAILABLE
    return caught.value


def test_a_place_is_free_again_however_its_request_ends():
    admission = Admission(2, 1)
    with admission.admitted(), admission.admitted():
        assert "2 requests are waiting, as many as may; try again in" in turned_away(admission).message
    with pytest.raises(KeyError), admission.admitted():
        raise KeyError("x")
    with admission.admitted(), admission.admitted():
        turned_away(admission)


def test_the_hint_follows_what_requests_take_and_stays_within_bounds(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    admission = Admission(1, 1)

    def hint_after(seconds):
        for _ in range(100):
            with admission.admitted():
                clock[0] += seconds
        with admission.admitted():
            return turned_away(admission).retry_after_s

    assert hint_after(2.0) == pytest.approx(2.0, rel=0.01)
    assert hint_after(0.4) == pytest.approx(0.4, rel=0.01)
    assert hint_after(60.0) == 5.0
    assert hint_after(0.0) == 0.05


def test_a_longer_line_takes_longer_and_more_workers_shorten_it():
    def hint(limit, workers):
        admission = Admission(limit, workers)
        places = [admission.admitted() for _ in range(limit)]
        for place in places:
            place.__enter__()
        return turned_away(admission).retry_after_s

    assert hint(8, 1) == pytest.approx(2 * hint(4, 1))
    assert hint(8, 4) == pytest.approx(hint(8, 1) / 4)


def test_a_closed_line_lets_nobody_in_and_is_waited_for():
    admission = Admission(3, 1)
    assert admission.wait_until_empty(0)
    leave = threading.Event()

    def stay():
        with admission.admitted():
            leave.wait(10)

    inside = threading.Thread(target=stay)
    inside.start()
    wait_until(lambda: not admission.wait_until_empty(0))
    admission.close()
    assert turned_away(admission).message.startswith("the server is stopping; try again in 0.05 s")
    assert not admission.wait_until_empty(0.01)
    leave.set()
    assert admission.wait_until_empty(10)
    inside.join()


@pytest.fixture
def busy(detector, base_path, monkeypatch):
    """The stubs on a server with one worker and no queue; `api.release` ends what it runs."""
    detector.push(base_path, 1)
    running, release = threading.Semaphore(0), threading.Event()
    predict = SessionModel.predict

    def slowly(self, inputs, **options):
        running.release()
        release.wait(20)
        return predict(self, inputs, **options)

    with Server(base_path, "m", workers=1, queue=0, rest_port=0, warm_up=False) as server:
        server.wait_until_available(60)
        monkeypatch.setattr(SessionModel, "predict", slowly)
        api = Api(server)
        api.running, api.release = running, release
        yield api
        release.set()
        api.close()


def rest_call(api, image=b""):
    import base64
    import json

    body = {"signature_name": "serving_bytes", "instances": [{"b64": base64.b64encode(image).decode()}]}
    url = f"http://127.0.0.1:{api.server.rest_port}/v1/models/m:predict"
    return urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode()), timeout=20)


@pytest.mark.parametrize("first", ["grpc", "rest"])
def test_a_full_server_says_at_once_when_to_come_back(busy, detector, first):
    image = detector.images[0]
    answers = []
    call = {
        "grpc": lambda: answers.append(busy.predict(ask([image])).outputs["score"].float_val[0]),
        "rest": lambda: answers.append(rest_call(busy, image).status),
    }[first]
    running = threading.Thread(target=call)
    running.start()
    assert busy.running.acquire(timeout=10)

    with pytest.raises(grpc.RpcError) as refused:
        busy.predict(ask([image]), timeout=5)
    assert refused.value.code() is UNAVAILABLE
    hints = dict(refused.value.trailing_metadata())
    assert 50 <= int(hints["grpc-retry-pushback-ms"]) <= 5000

    with pytest.raises(urllib.error.HTTPError) as refused:
        rest_call(busy, image)
    assert refused.value.code == 503
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 5
    assert b"try again in" in refused.value.read()

    assert not answers, "it was answered before the others were turned away"
    busy.release.set()
    running.join()
    assert answers == [{"grpc": pytest.approx(detector.scores[0], abs=1e-5), "rest": 200}[first]]
    assert busy.scores([image]) == [pytest.approx(detector.scores[0], abs=1e-5)]


def test_other_refusals_give_no_hint(busy, detector):
    busy.release.set()
    with pytest.raises(grpc.RpcError) as refused:
        busy.predict(ask([b"no image"]))
    assert "grpc-retry-pushback-ms" not in dict(refused.value.trailing_metadata())
    with pytest.raises(urllib.error.HTTPError) as refused:
        rest_call(busy, b"no image")
    assert (refused.value.code, refused.value.headers["Retry-After"]) == (400, None)
