"""Paths of the REST API, and bodies that are too large; everything else is asked of a whole server."""

import http.client
import json

import pytest

from serving.server import Server


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A server of a model without a version."""
    with Server(
        tmp_path_factory.mktemp("empty"), "m", rest_port=0, max_request_bytes=1000, metrics_path="/metrics"
    ) as server:
        yield server


def call(server, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def error(server, method, path, body=None) -> tuple[int, str]:
    status, content = call(server, method, path, body)
    [(key, message)] = json.loads(content).items()
    assert key == "error"
    return status, message


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/m:predict"),
        ("POST", "/v1/models/m"),
        ("POST", "/v1/models/m/versions/1/metadata"),
        ("POST", "/v1/models/m/versions/x:predict"),
        ("GET", "/v1/models/m/versions/-1"),
        ("GET", "/v1/models/m/labels/a/b"),
        ("PUT", "/v1/models/m:predict"),
        ("DELETE", "/v1/models/m"),
        ("POST", "/metrics"),
        ("GET", "/v1/models/../../etc/passwd"),
    ],
)
def test_paths_that_mean_nothing(empty, method, path):
    assert error(empty, method, path) == (400, f"Malformed request: {method} {path}")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/models/m", 404, "Could not find any versions of model m"),
        ("/V1/Models/m/Versions/7", 404, "Could not find version 7 of model m"),
        ("/v1/models/m/versions/9223372036854775807", 404, "Could not find version 9223372036854775807"),
        ("/v1/models/m/versions/9223372036854775808", 400, "Failed to convert version: 9223372036854775808"),
        ("/v1/models/m/versions/" + "9" * 500, 400, "Failed to convert version: "),
        ("/v1/models/m/labels/x", 400, "Unrecognized servable version label: x"),
        ("/v1/models/n%20o", 404, "Could not find any versions of model n o"),
        ("/v1/models/m/metadata", 404, "Servable not found for request: Latest(m)"),
    ],
)
def test_what_is_not_there(empty, path, status, words):
    received, message = error(empty, "GET", path)
    assert received == status
    assert message.startswith(words)


def test_a_body_that_is_too_large_is_given_up(empty):
    status, message = error(empty, "POST", "/v1/models/m:predict", b" " * 1001)
    assert (status, message) == (429, "Expected a body of at most 1000 bytes, received more")
    assert error(empty, "POST", "/v1/models/m:predict", b" " * 1000)[0] == 400
    pieces = iter([b" " * 600, b" " * 600])
    assert call(empty, "POST", "/v1/models/m:predict", pieces)[0] == 429


def test_the_page_of_metrics(empty):
    status, page = call(empty, "GET", "/metrics")
    assert status == 200
    assert b":tensorflow:serving:request_latency" in page
