"""Loads are counted and timed, with the status that they end in."""

import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving import loading
from serving.metrics import Metrics
from serving.model import warmup
from serving.server_options import ServerOptions
from serving.status import RequestError, not_found


class Model:
    def __init__(self):
        self.closed = 0

    def close(self):
        self.closed += 1


@pytest.fixture
def model(monkeypatch):
    model = Model()
    monkeypatch.setattr(loading.SessionModel, "load", lambda directory, slots, **options: model)
    return model


def fail(*arguments):
    raise not_found("no such signature")
    yield


def counted(metrics) -> dict[str, float]:
    return {
        sample.labels["status"]: sample.value
        for family in text_string_to_metric_families(metrics.page().decode())
        for sample in family.samples
        if sample.name == ":tensorflow:serving:model_load_count"
    }


def test_a_model_that_fails_its_warm_up_is_closed_and_counted(model, monkeypatch, tmp_path):
    metrics = Metrics()
    load = loading.counted_loader("m", threading.Semaphore(), ServerOptions(), metrics)
    monkeypatch.setattr(warmup, "replay", lambda *arguments: iter(()))
    assert load(tmp_path) is model
    assert (counted(metrics), model.closed) == ({"OK": 1}, 0)

    monkeypatch.setattr(warmup, "replay", fail)
    with pytest.raises(RequestError, match="no such signature"):
        load(tmp_path)
    assert (counted(metrics), model.closed) == ({"OK": 1, "NOT_FOUND": 1}, 1)


def test_warm_up_can_be_left_out(model, monkeypatch, tmp_path):
    monkeypatch.setattr(warmup, "replay", fail)
    assert loading.load_and_warm_up(tmp_path, options=ServerOptions(warm_up=False)) is model
