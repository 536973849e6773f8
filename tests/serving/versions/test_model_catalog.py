"""A set of models that changes while it is asked, and a stop that waits for no folder."""

import threading
from types import SimpleNamespace

import grpc
import pytest
from serving_api import models, one, wait_until
from tensorflow_serving.apis import model_pb2

from serving.errors import BadInputError
from serving.status import RequestError
from serving.versions.model_catalog import ModelCatalog
from serving.versions.policy import policy_of
from serving.versions.served_model import ServedModel


def make(config) -> ServedModel:
    return ServedModel(
        config.name,
        config.base_path,
        lambda directory: SimpleNamespace(close=lambda: None),
        policy=policy_of(config.model_version_policy),
        poll_interval_s=0.02,
    )


@pytest.fixture
def reloads():
    return []


@pytest.fixture
def catalog(reloads):
    catalog = ModelCatalog(make, on_reload=lambda: reloads.append(sorted(catalog.models)))
    yield catalog
    catalog.stop()


@pytest.fixture
def put(tmp_path):
    def put(name, *versions):
        for version in versions:
            (tmp_path / name / str(version)).mkdir(parents=True)
            (tmp_path / name / str(version) / "saved_model.pb").write_text("x")
        (tmp_path / name).mkdir(exist_ok=True)
        return tmp_path / name

    return put


def number(catalog, name="m", **spec) -> int:
    asked = model_pb2.ModelSpec(name=name, version_label=spec.get("label", ""))
    if "label" not in spec:
        asked.ClearField("version_label")
    with catalog.borrow(asked) as loaded:
        return loaded.number


def refused(call, *arguments) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(RequestError) as caught:
        call(*arguments)
    return caught.value.code, caught.value.message


def start(catalog, config):
    catalog.start(config)
    for model in catalog.models.values():
        model.wait_until_available(10)


def test_a_wrong_set_is_refused_at_the_start(catalog):
    with pytest.raises(BadInputError, match=r"model configuration: Could not find base path /gone"):
        catalog.start(models(one("m", "/gone")))


def test_a_reload_is_told_and_a_failed_one_is_not(catalog, put, reloads):
    start(catalog, models(one("m", put("a", 1))))
    catalog.reload(models(one("n", put("b", 2))), 10)
    assert reloads == [["n"]]
    assert number(catalog, "n") == 2
    assert refused(number, catalog)[0] is grpc.StatusCode.NOT_FOUND
    assert refused(catalog.reload, models(""), 10)[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert reloads == [["n"]]


def test_a_model_that_does_not_come_in_time_leaves_the_old_set_and_its_policy(catalog, put):
    folder = put("a", 1, 2)
    start(catalog, models(one("m", folder)))
    config = models(one("m", folder, "model_version_policy { specific { versions: 1 } }"))
    config.MergeFrom(models(one("n", put("empty"))))
    code, message = refused(catalog.reload, config, 0.3)
    assert code is grpc.StatusCode.UNKNOWN
    assert "did not become available: {{name: n} due to model n is not available after 0.3 s" in message
    wait_until(lambda: catalog.models["m"].available_versions() == {2})
    assert list(catalog.models) == ["m"]


def test_labels(catalog, put):
    folder, every = put("a", 1, 2), "model_version_policy { all {} }"
    start(catalog, models(one("m", folder, every)))

    def label(version):
        return models(one("m", folder, f'{every} version_labels {{ key: "stable" value: {version} }}'))

    catalog.reload(label(1), 10)
    assert number(catalog, label="stable") == 1
    code, message = refused(catalog.reload, label(9), 10)
    assert (code, "version 9 of model m" in message) == (grpc.StatusCode.FAILED_PRECONDITION, True)
    assert number(catalog, label="stable") == 1
    assert refused(lambda: number(catalog, label="x"))[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_stopping_does_not_wait_for_a_folder_that_stays_empty(put):
    catalog = ModelCatalog(make)
    start(catalog, models(one("m", put("a", 1))))
    failures = []
    reloading = threading.Thread(
        target=lambda: failures.append(refused(catalog.reload, models(one("n", put("empty")))))
    )
    reloading.start()
    wait_until(lambda: catalog._changing.locked())
    stopping = threading.Thread(target=catalog.stop, daemon=True)
    stopping.start()
    stopping.join(10)
    assert not stopping.is_alive()
    reloading.join(10)
    [(code, _)] = failures
    assert code in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE)
    assert refused(catalog.reload, models(one("m", put("b", 1))), 1)[0] is grpc.StatusCode.UNAVAILABLE
