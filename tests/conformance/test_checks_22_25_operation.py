"""Checks 22 to 25: health, warm-up, metrics, encryption, and the light client."""

import datetime
import ipaddress
import threading
import time

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families
from serving_api import Api, ask, refused, wait_until

from serving import wire
from serving.client import Client
from serving.config.files import read_tls
from serving.model.session_model import SessionModel
from serving.model.warmup import WARMUP_FILE

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def health_of(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    return stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status


def slow_predict(monkeypatch, seconds):
    """Each run takes so long; says when one has begun."""
    began = threading.Event()
    predict = SessionModel.predict

    def slowly(self, inputs, **options):
        began.set()
        time.sleep(seconds)
        return predict(self, inputs, **options)

    monkeypatch.setattr(SessionModel, "predict", slowly)
    return began


def test_22_health_follows_warm_up_and_stopping(serve, detector, base_path, monkeypatch):
    began = slow_predict(monkeypatch, 0.7)
    detector.push(base_path, 1)
    api = serve(base_path, wait=False)
    with grpc.insecure_channel(api.server.address) as channel:
        assert began.wait(30)  # the warm-up runs
        assert health_of(channel) == NOT_SERVING
        api.server.wait_until_available(30)
        assert health_of(channel) == SERVING

        answers = []
        call = threading.Thread(target=lambda: answers.append(api.scores(detector.images[:1])))
        began.clear()
        call.start()
        assert began.wait(10)
        stopping = threading.Thread(target=api.server.stop)
        stopping.start()
        wait_until(lambda: health_of(channel) == NOT_SERVING, 5)
        assert not answers, "it was answered before it could be seen that the server stops"
        code, message = refused(api.predict, ask(detector.images[:1]))
        assert code is grpc.StatusCode.UNAVAILABLE
        assert "stopping" in message
        call.join()
        stopping.join()
    assert answers == [pytest.approx(detector.scores[:1], abs=1e-5)]


def test_23_the_warm_up_comes_first_and_spares_the_first_call_what_a_first_run_costs(
    serve, detector, base_path
):
    # The tiny detector answers in 2 ms, of which gRPC's own first call is as much again: a factor of the steady call
    # says little here. What the warm-up takes off the first call is far more than either.
    request = ask(detector.images[:2])

    def seconds_of_first_call(version: int, warm: bool) -> float:
        pushed = detector.push(base_path, version)
        if not warm:
            (pushed / WARMUP_FILE).unlink()
        api = serve(base_path, poll_interval_s=3.0)
        api.status()  # connects
        began = time.perf_counter()
        assert api.predict(request).model_spec.version.value == version
        return time.perf_counter() - began

    # The lesser of two each: the cores have other work, too.
    cold = min(seconds_of_first_call(version, warm=False) for version in (1, 2))
    warmed = min(seconds_of_first_call(version, warm=True) for version in (3, 4))
    assert warmed <= cold / 3, f"first call after a warm-up {warmed:.4f} s, without {cold:.4f} s"


def test_24_metrics_count_the_calls_made(serve, detector, base_path):
    detector.push(base_path, 1)
    api = serve(base_path, metrics_path="/monitoring/prometheus/metrics")
    for _ in range(3):
        api.scores(detector.images[:1])
    for _ in range(2):
        refused(api.predict, ask([b"no image"]))
    for name in ("x", "y"):
        refused(api.predict, ask(detector.images[:1], name=name))
    assert api.rest("/v1/models/m:predict", {"instances": [1]})[0] == 400  # not even a request for the model

    code, page = api.rest("/monitoring/prometheus/metrics")
    assert code == 200
    counted, seen = {}, {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == ":tensorflow:serving:request_count":
                counted[sample.labels["model_name"], sample.labels["status"]] = sample.value
            if sample.name == ":tensorflow:serving:request_latency_count":
                seen[sample.labels["model_name"], sample.labels["entrypoint"]] = sample.value
    assert counted == {("m", "OK"): 3, ("m", "INVALID_ARGUMENT"): 2, ("", "NOT_FOUND"): 2}
    assert seen == {("m", "GRPC"): 5, ("", "GRPC"): 2}


def test_24_without_its_configuration_there_is_no_page(serve, detector, base_path):
    detector.push(base_path, 1)
    assert serve(base_path).rest("/monitoring/prometheus/metrics")[0] == 400


def test_24_a_request_of_ten_megabytes_is_answered(shared, detector):
    [image] = detector.images[:1]
    images = [image] * (10 * 1024 * 1024 // len(image))
    assert len(shared.scores(images)) == len(images)


def key_and_certificate(name: str, issuer=None):
    """PEM contents of a key and a certificate for localhost, and both as objects."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(issuer[0] if issuer else key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem, certificate.public_bytes(serialization.Encoding.PEM), (key, certificate)


def test_24_tls_and_mutual_tls(serve, detector, base_path, tmp_path):
    _, authority, issuer = key_and_certificate("authority")
    server_key, server_certificate, _ = key_and_certificate("localhost", issuer)
    client_key, client_certificate, _ = key_and_certificate("client", issuer)
    detector.push(base_path, 1)
    file = tmp_path / "ssl.config"
    config = f'server_key: """{{}}""" server_cert: "{server_certificate.decode()}"'.replace("\n", "\\n")
    lines = config.replace('"""{}"""', '"' + server_key.decode().replace("\n", "\\n") + '"')

    for mutual in (False, True):
        more = f'custom_ca: "{authority.decode()}" client_verify: true'.replace("\n", "\\n") if mutual else ""
        file.write_text(f"{lines}\n{more}\n")
        api = serve(base_path, tls=read_tls(file))

        def scores(credentials, api=api):
            channel = grpc.secure_channel(f"localhost:{api.server.port}", credentials)
            return Api(api.server, channel).scores(detector.images[:1])

        assert refused(api.predict, ask(detector.images[:1]), timeout=5).code is grpc.StatusCode.UNAVAILABLE
        anonymous = grpc.ssl_channel_credentials(authority)
        known = grpc.ssl_channel_credentials(authority, client_key, client_certificate)
        expected = pytest.approx(detector.scores[:1], abs=1e-5)
        assert scores(known) == expected
        if mutual:
            assert refused(scores, anonymous).code is grpc.StatusCode.UNAVAILABLE
        else:
            assert scores(anonymous) == expected


def test_25_the_light_client_sends_the_same_bytes_and_gets_the_same_scores(shared, detector):
    expected = ask(detector.images, version=123).SerializeToString(deterministic=True)
    sent = wire.predict_request(detector.images, "m", 123).SerializeToString(deterministic=True)
    assert sent == expected
    with Client(shared.server.address, model_name="m") as client:
        verdicts = client.predict_images(detector.images)
    assert [verdict.score for verdict in verdicts] == shared.scores(detector.images)
