"""HandleReloadConfigRequest: what it refuses, and that the health service follows it."""

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from serving_api import Api, models, one, refused
from tensorflow_serving.apis import model_management_pb2

from serving.server import Server

INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture
def folders(detector, tmp_path):
    """The base path of a model, and an empty one."""
    for name in ("full", "empty"):
        (tmp_path / name).mkdir()
    detector.push(tmp_path / "full", 1)
    return tmp_path / "full", tmp_path / "empty"


@pytest.fixture
def api(folders):
    """The stubs on a server of two models: "m", and "n" that has no version."""
    both = models(one("m", folders[0]))
    both.MergeFrom(models(one("n", folders[1])))
    with Server(both, poll_interval_s=0.05) as server:
        server._catalog.models["m"].wait_until_available(60)
        api = Api(server)
        yield api
        api.close()


def health(api) -> str:
    with grpc.insecure_channel(api.server.address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def test_health_follows_the_set_of_models(api, folders, detector):
    assert health(api) == "NOT_SERVING"
    api.reload(models(one("m", folders[0])))
    assert health(api) == "SERVING"
    assert api.version_that_answers(detector.images[:1]) == 1


def test_a_wrong_set_is_refused_with_its_reason(api, folders, detector):
    def refusal(config, timeout=10):
        request = model_management_pb2.ReloadConfigRequest(config=config)
        return refused(api.model.HandleReloadConfigRequest, request, timeout=timeout)

    full, empty = folders
    twice = models(one("m", full))
    twice.MergeFrom(models(one("m", empty)))
    for config, message in (
        (twice, "Illegal to list model m multiple times in config list"),
        (
            models(f'model_config_list {{ config {{ name: "m" base_path: "{full}" }} }}'),
            "Illegal setting neither model_type(deprecated) nor model_platform.",
        ),
        (
            models(one("m", full, "model_version_policy { specific {} }")),
            "model m: model_version_policy: expected at least one version in specific, received none",
        ),
        (models(one("m", "x")), "Expected model m to have an absolute path or URI; got base_path()=x"),
    ):
        assert refusal(config) == (INVALID, message)
    code, message = refusal(models(one("m", "/gone")))
    assert (code, "Could not find base path /gone for servable m" in message) == (INVALID, True)
    # Nothing comes in time: the old set stays.
    assert refusal(models(one("x", empty)), timeout=0.5).code in (
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )
    assert api.version_that_answers(detector.images[:1]) == 1
