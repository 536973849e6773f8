"""The log of verdicts: its keys, its share, what it must not hold, and what happens when it is moved away."""

import base64
import hashlib
import json
import shutil
import threading
from datetime import datetime, timedelta, timezone

import grpc
import numpy as np
import pytest
from serving_api import Api, ask, refused

from serving.errors import BadInputError
from serving.request_log import RequestLog
from serving.server import Server

KEYS = {"time", "model_name", "model_version", "sha256", "latency_ms", "api"}
VERDICT = {"score", "decision", "threshold"}


def lines_of(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def outputs(*scores):
    return {
        "score": np.array(scores, np.float32),
        "decision": np.array([b"fake" if score >= 0.7 else b"real" for score in scores], object),
        "threshold": np.full(len(scores), 0.7, np.float32),
    }


def note(log, images, found, **changes):
    who = {"model_name": "m", "model_version": 3, "latency_s": 0.0512342, "entrypoint": "GRPC"}
    log.verdicts(images, found, **(who | changes))


def test_a_line_an_image(tmp_path):
    path = tmp_path / "requests.jsonl"
    log = RequestLog(path)
    note(log, [b"one", b"two"], outputs(0.1, 0.9))
    log.refusal([b"three"], "UNAVAILABLE", model_name="m", latency_s=0.001, entrypoint="REST")
    log.close()

    first, second, third = lines_of(path)
    assert set(first) == KEYS | VERDICT
    when = datetime.fromisoformat(first.pop("time"))
    assert abs(datetime.now(timezone.utc) - when) < timedelta(minutes=1)
    assert first == {
        "model_name": "m",
        "model_version": 3,
        "sha256": hashlib.sha256(b"one").hexdigest(),
        "score": 0.1,  # not 0.10000000149: as the answer of the server writes it
        "decision": "real",
        "threshold": 0.7,
        "latency_ms": 51.234,
        "api": "GRPC",
    }
    assert (second["score"], second["decision"]) == (0.9, "fake")
    assert set(third) == KEYS | {"error"}
    assert (third["error"], third["model_version"], third["api"]) == ("UNAVAILABLE", None, "REST")


def test_answers_without_a_score_an_image_are_not_logged(tmp_path):
    path = tmp_path / "requests.jsonl"
    log = RequestLog(path)
    note(log, [b"one"], {"decision": np.array([b"fake"], object)})
    note(log, [b"one"], outputs(0.1, 0.2))
    assert path.read_text() == ""
    note(log, [b"one"], {"score": np.array([0.5], np.float32)})
    assert set(lines_of(path)[0]) == KEYS | {"score"}


def test_it_appends_and_a_share_is_drawn(tmp_path):
    path = tmp_path / "requests.jsonl"
    path.write_text("{}\n")
    log = RequestLog(path, sample=0.25, seed=5)
    note(log, [b"x"] * 2000, outputs(*[0.5] * 2000))
    count = len(lines_of(path)) - 1
    assert 400 < count < 600  # 5 standard deviations
    log.refusal([b"x"] * 2000, "INTERNAL", model_name="m", latency_s=0, entrypoint="GRPC")
    assert 400 < len(lines_of(path)) - 1 - count < 600


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan")])
def test_a_share_that_is_none(tmp_path, share):
    with pytest.raises(BadInputError, match=r"a share in \(0, 1\]"):
        RequestLog(tmp_path / "log", sample=share)


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(BadInputError, match=r"gone/log cannot be written: No such file or directory"):
        RequestLog(tmp_path / "gone" / "log")


def test_it_is_reopened_after_a_rename(tmp_path):
    path, old = tmp_path / "log", tmp_path / "log.1"
    log = RequestLog(path)
    note(log, [b"one"], outputs(0.1))
    path.rename(old)
    note(log, [b"two"], outputs(0.2))
    assert [line["score"] for line in lines_of(old)] == [0.1]
    assert [line["score"] for line in lines_of(path)] == [0.2]


def test_threads_do_not_tear_lines(tmp_path):
    path = tmp_path / "log"
    log = RequestLog(path)
    work = [
        threading.Thread(target=lambda: [note(log, [b"x"], outputs(0.5)) for _ in range(200)])
        for _ in range(4)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(lines_of(path)) == 800


def test_a_name_that_a_client_makes_up_does_not_fill_the_disk(tmp_path):
    path = tmp_path / "log"
    log = RequestLog(path)
    log.refusal([b""] * 10, "NOT_FOUND", model_name="x" * 1_000_000, latency_s=0, entrypoint="GRPC")
    assert path.stat().st_size < 10 * 500


@pytest.fixture
def logged(detector, base_path, tmp_path):
    detector.push(base_path, 7)
    folder = tmp_path / "log"
    folder.mkdir()
    with Server(base_path, "m", rest_port=0, log=folder / "requests.jsonl") as server:
        server.wait_until_available(60)
        api = Api(server)
        yield api, folder / "requests.jsonl"
        api.close()


def test_a_server_logs_verdicts_and_refusals_and_no_image(logged, detector):
    api, path = logged
    images = detector.images
    scores = api.scores(images)
    encoded = base64.b64encode(images[0]).decode()
    body = {"signature_name": "serving_bytes", "instances": [{"b64": encoded}]}
    assert api.rest("/v1/models/m:predict", body)[0] == 200
    api.predict(ask(images[:1], signature="explain"))  # asked after a verdict, and none itself
    assert refused(api.predict, ask([b"no image"])).code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused(api.predict, ask(images[:1], name="other")).code is grpc.StatusCode.NOT_FOUND
    assert refused(api.predict, ask(images[:1], signature="gone")).code is grpc.StatusCode.FAILED_PRECONDITION

    lines = lines_of(path)  # the warm-up is no request
    # Equal in single precision, and so in the decimals that are written.
    assert [line["score"] for line in lines[:5]] == pytest.approx(scores, abs=1e-7)
    assert [line["sha256"] for line in lines[:5]] == [hashlib.sha256(one).hexdigest() for one in images]
    assert {(line["model_version"], line["api"]) for line in lines[:5]} == {(7, "GRPC")}
    assert (lines[5]["score"], lines[5]["api"]) == (lines[0]["score"], "REST")
    errors = [(line["model_name"], line["error"]) for line in lines[6:]]
    assert errors == [("m", "INVALID_ARGUMENT"), ("other", "NOT_FOUND"), ("m", "FAILED_PRECONDITION")]
    assert path.stat().st_size < 400 * len(lines)
    assert encoded[:40] not in path.read_text()


def test_an_answer_is_given_though_it_cannot_be_logged(logged, detector):
    api, path = logged
    shutil.rmtree(path.parent)
    assert len(api.scores(detector.images)) == len(detector.images)
    assert refused(api.predict, ask([b"no image"])).code is grpc.StatusCode.INVALID_ARGUMENT
    path.parent.mkdir()
    api.scores(detector.images[:2])
    assert len(lines_of(path)) == 2
