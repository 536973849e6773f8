"""What the client's answers and errors become."""

import base64
import hashlib
import json

import grpc
import pytest

from serving.errors import BadInputError, ServerUnreachableError, ServingError
from serving.web import judge as module
from serving.web.judge import Judge
from serving.web.refusal import Refusal


def test_a_verdict_with_its_map(fake_client):
    found = Judge(fake_client).answer(b"image")
    heat_map = found.pop("map")
    assert json.loads(json.dumps(found)) == {
        "score": 0.8,
        "decision": "fake",
        "threshold": 0.7,
        "model_name": "m",
        "model_version": 123,
        "sha256": hashlib.sha256(b"image").hexdigest(),
        "uncertain_band": [0.69, 0.71],
    }
    assert (heat_map["width"], heat_map["height"]) == (3, 2)
    # 0, a half, 1, a quarter, too large, not a number.
    assert list(base64.b64decode(heat_map["values"])) == [0, 128, 255, 64, 255, 0]


def test_a_map_that_is_too_large_is_left_out(fake_client, monkeypatch):
    monkeypatch.setattr(module, "MAX_MAP_POINTS", 5)
    assert Judge(fake_client).answer(b"image")["map"] is None


def test_a_model_without_maps_is_asked_for_one_once_a_minute(fake_client, caused):
    now = [0.0]
    judge = Judge(fake_client, lambda: now[0])
    fake_client.explain_error = caused(
        BadInputError("version 123 of 'm' does not explain its verdicts"), grpc.StatusCode.FAILED_PRECONDITION
    )
    for _ in range(2):
        found = judge.answer(b"image")
        assert (found["score"], found["map"]) == (0.8, None)
    assert fake_client.asked == ["explain", "predict", "predict"]
    now[0] = 61.0
    fake_client.explain_error = None
    assert judge.answer(b"image")["map"] is not None


def test_one_image_that_cannot_be_explained_leaves_the_others_their_maps(fake_client, caused):
    judge = Judge(fake_client)
    fake_client.explain_error = caused(BadInputError("does not explain"), grpc.StatusCode.INVALID_ARGUMENT)
    assert judge.answer(b"odd")["map"] is None
    fake_client.explain_error = None
    assert judge.answer(b"image")["map"] is not None


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (ServerUnreachableError("not reachable at 10.9.8.7:8500"), grpc.StatusCode.UNAVAILABLE, 503),
        (ServingError("no answer from 10.9.8.7:8500"), grpc.StatusCode.DEADLINE_EXCEEDED, 504),
        (ServingError("10.9.8.7:8500 failed"), grpc.StatusCode.INTERNAL, 502),
        (ServingError("expected outputs, received others from 10.9.8.7"), None, 502),
        (BadInputError("10.9.8.7:8500 does not serve a detector as 'm'"), grpc.StatusCode.NOT_FOUND, 503),
    ],
)
def test_errors_of_the_model_server_name_no_address(fake_client, caused, error, code, status):
    if code is not None:
        error = caused(error, code)
    fake_client.explain_error = fake_client.predict_error = error
    with pytest.raises(Refusal) as refusal:
        Judge(fake_client).answer(b"image")
    assert refusal.value.status == status
    assert "10.9.8.7" not in refusal.value.sentence


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "{{function_node __wrapped__DecodeImage}} Unknown image file format. One of JPEG, PNG, GIF, BMP required."
            "\n\t [[{{node map/while}}]]",
            "Unknown image file format. One of JPEG, PNG, GIF, BMP required.",
        ),
        ("Input is empty. [Op:DecodeImage] name:", "Input is empty."),
        (
            "jpeg::Uncompress failed. Invalid JPEG data or crop window. [[{{node x}}]]",
            "jpeg::Uncompress failed. Invalid JPEG data or crop window.",
        ),
        ("[[{{node x}}]]", "it is no image, or a damaged one."),
        ("x" * 1000, "x" * 300 + "…"),
    ],
)
def test_a_refused_image_is_told_in_words(fake_client, reason, words):
    fake_client.refusal = reason
    with pytest.raises(Refusal) as refusal:
        Judge(fake_client).answer(b"text")
    assert refusal.value.status == 400
    assert refusal.value.sentence == f"The detector cannot read this file: {words}"


def test_a_score_that_is_no_number_is_no_verdict(fake_client):
    fake_client.score = float("nan")
    with pytest.raises(Refusal) as refusal:
        Judge(fake_client).answer(b"image")
    assert refusal.value.status == 502
