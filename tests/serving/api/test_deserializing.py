"""Bytes that are no message are turned away with gRPC's own words, whatever the method."""

import grpc
import pytest
from grpc_health.v1 import health_pb2
from serving_api import ask
from tensorflow_serving.apis import predict_pb2

NO_MESSAGE = b"\xff\xff\xff"
PREDICT = "/tensorflow.serving.PredictionService/Predict"
HEALTH = "/grpc.health.v1.Health/"


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def refused(answer) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        answer()
    assert (caught.value.code(), caught.value.details()) == (
        grpc.StatusCode.INTERNAL,
        "Exception deserializing request!",
    )


@pytest.mark.parametrize("method", [PREDICT, HEALTH + "Check"])
def test_it_is_refused(channel, method):
    refused(lambda: channel.unary_unary(method)(NO_MESSAGE, timeout=10))


def test_it_is_refused_where_a_stream_is_asked_for(channel):
    refused(lambda: list(channel.unary_stream(HEALTH + "Watch")(NO_MESSAGE, timeout=10)))


def test_messages_and_unknown_methods_pass(channel, detector):
    content = ask(detector.images[:1]).SerializeToString()
    answer = predict_pb2.PredictResponse.FromString(channel.unary_unary(PREDICT)(content, timeout=10))
    assert answer.outputs["score"].float_val[0] == pytest.approx(detector.scores[0], abs=1e-5)
    watched = channel.unary_stream(HEALTH + "Watch")(b"", timeout=10)
    assert health_pb2.HealthCheckResponse.FromString(next(watched)).status == 1
    watched.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(PREDICT + "x")(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
