"""The gateway on a real port, before the real server of a tiny detector."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from serving.client import Client
from serving.errors import BadInputError
from serving.web.gateway import Gateway
from serving.web.limits import Limits

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def gateway(server):
    with Gateway(server.address, "m", port=0) as gateway:
        yield gateway


def _post(url, image, **headers):
    request = urllib.request.Request(  # noqa: S310
        url + "api/verdict", image, {"Content-Type": "application/octet-stream"} | headers
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_verdicts_are_the_clients(gateway, server, detector):
    with Client(server.address, model_name="m") as client:
        for image in detector.images:
            status, found = _post(gateway.url, image)
            explanation = client.explain(image)
            assert status == 200
            assert (found["map"]["height"], found["map"]["width"]) == explanation.heat_map.shape
            del found["map"]
            expected = explanation.verdict.as_dict()
            del expected["path"], expected["error"]
            assert found.pop("score") == pytest.approx(expected.pop("score"), abs=1e-6)
            assert found == json.loads(json.dumps(expected))


def test_a_text_file_is_refused_in_one_sentence(gateway):
    status, found = _post(gateway.url, b"no image at all")
    assert status == 400
    assert found["error"].startswith("The detector cannot read this file: ")
    assert "[[" not in found["error"]
    assert "{{" not in found["error"]


def test_a_body_in_pieces_is_taken(gateway, detector):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    image = detector.images[0]
    pieces = (image[at : at + 100] for at in range(0, len(image), 100))
    connection.request("POST", "/api/verdict", pieces, {"Content-Type": "image/jpeg"}, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_client_that_goes_on_sending_still_hears_why_it_is_refused(server):
    with Gateway(server.address, "m", port=0, limits=Limits(max_image_bytes=100_000)) as gateway:
        for chunked in (False, True):
            connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
            body = iter([bytes(50_000)] * 20) if chunked else bytes(1_000_000)
            connection.request(
                "POST", "/api/verdict", body, {"Content-Type": "image/png"}, encode_chunked=chunked
            )
            assert connection.getresponse().status == 413
            connection.close()


def test_an_absent_model_server_is_503(free_port):
    with Gateway(f"127.0.0.1:{free_port}", "m", port=0) as gateway:
        status, found = _post(gateway.url, b"image")
    assert status == 503
    assert str(free_port) not in found["error"]


def test_an_unknown_model_is_503(server):
    with Gateway(server.address, "other", port=0) as gateway:
        assert _post(gateway.url, b"image")[0] == 503


def test_another_name_of_this_machine_is_refused_unless_allowed(gateway, server):
    assert _post(gateway.url, b"image", Host="evil.example")[0] == 421
    with Gateway(server.address, "m", port=0, hosts=["Face.lan"]) as named:
        assert _post(named.url, b"text", Host="face.lan")[0] == 400


def test_forwarded_addresses_are_not_believed(server):
    with Gateway(server.address, "m", port=0, limits=Limits(requests_per_minute=2)) as gateway:
        found = [_post(gateway.url, b"text", **{"X-Forwarded-For": f"10.0.0.{last}"})[0] for last in range(3)]
    assert found == [400, 400, 429]
    with Gateway(
        server.address, "m", port=0, limits=Limits(requests_per_minute=2), trusted_proxy="127.0.0.1"
    ) as gateway:
        found = [_post(gateway.url, b"text", **{"X-Forwarded-For": f"10.0.0.{last}"})[0] for last in range(3)]
    assert found == [400, 400, 400]


def test_a_taken_port_is_said(server, gateway):
    with pytest.raises(BadInputError, match=f"{gateway.port}.*another port"):
        Gateway(server.address, "m", port=gateway.port)


@pytest.mark.parametrize(
    "wrong",
    [{"port": 70000}, {"host": "nowhere.invalid"}, {"host": "192.0.2.1"}, {"server_address": "nowhere"}],
)
def test_wrong_addresses_are_said(wrong):
    with pytest.raises(BadInputError):
        Gateway(**({"server_address": "localhost:1", "model_name": "m", "port": 0} | wrong))


def test_it_stops_and_gives_the_port_back(server):
    gateway = Gateway(server.address, "m", port=0)
    port = gateway.port
    gateway.stop()
    gateway.stop()
    with pytest.raises(urllib.error.URLError):
        _post(gateway.url, b"image")
    with Gateway(server.address, "m", port=port) as again:
        assert again.port == port


@pytest.fixture
def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_alone_until_it_is_told_to_stop(server, free_port, number):
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "serving.web",
            "--server",
            server.address,
            "--model-name",
            "m",
            "--port",
            str(free_port),
        ],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    try:
        line = process.stderr.readline()
        assert f"http://127.0.0.1:{free_port}/" in line
        with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/healthz", timeout=10) as answer:
            assert answer.read() == b"ok\n"
        process.send_signal(number)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_alone_with_a_taken_port_is_one_line_and_two(gateway):
    result = subprocess.run(
        [sys.executable, "-m", "serving.web", "--port", str(gateway.port)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.startswith("error: cannot listen on 127.0.0.1")
    assert result.stderr.count("\n") == 1


def test_the_process_holds_neither_tensorflow_nor_numpy():
    code = (
        "import sys, serving.web.gateway, serving.web.__main__; "
        "sys.exit(', '.join({'tensorflow', 'numpy', 'pipeline', 'components', 'data'} & set(sys.modules)) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
