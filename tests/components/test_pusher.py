"""Where a model is pushed to, as a path and as a proto."""

import itertools
from pathlib import Path

import pytest
from google.protobuf import json_format
from tfx import v1 as tfx
from tfx.components.pusher import executor
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.pusher import Executor, Pusher, push_destination


@pytest.fixture
def push(tmp_path):
    """``push(weights, as_path=True)``: pushes a model; the PushedModel that comes out."""

    def push(weights="some", as_path=True):
        model, pushed = standard_artifacts.Model(), standard_artifacts.PushedModel()
        model.uri, pushed.uri = str(tmp_path / f"trained-{weights}"), str(tmp_path / "pushed")
        extra = Path(path_utils.serving_model_dir(model.uri)) / "assets.extra"
        extra.mkdir(parents=True, exist_ok=True)
        (extra / "detector.keras").write_text(weights)
        (extra.parent / "saved_model.pb").write_text("graph")
        base = str(tmp_path / "models")
        destination = base if as_path else json_format.MessageToJson(push_destination(base))
        Executor().Do({"model": [model]}, {"pushed_model": [pushed]}, {"push_destination": destination})
        return pushed

    return push


@pytest.fixture
def times(monkeypatch):
    """Each push is a second after the one before."""
    clock = itertools.count(1000)
    monkeypatch.setattr(executor.time, "time", lambda: next(clock))


@pytest.mark.parametrize("as_path", [True, False])
def test_the_destination_is_a_path_or_a_proto(tmp_path, push, as_path):
    pushed = push(as_path=as_path)
    [version] = (tmp_path / "models").iterdir()
    assert (version / "saved_model.pb").read_text() == "graph"
    assert pushed.get_string_custom_property("pushed_destination") == str(version)


def test_a_model_that_is_served_is_not_pushed_once_more(tmp_path, push, times):
    first, again = push("a"), push("a")
    [version] = (tmp_path / "models").iterdir()
    for pushed in (first, again):
        assert pushed.get_int_custom_property("pushed") == 1
        assert pushed.get_string_custom_property("pushed_destination") == str(version)
        assert pushed.get_string_custom_property("pushed_version") == version.name
    assert (tmp_path / "pushed/assets.extra/detector.keras").read_text() == "a"


def test_another_model_is_pushed_and_so_is_one_of_before(tmp_path, push, times):
    destinations = [push(weights).get_string_custom_property("pushed_destination") for weights in "aba"]
    assert sorted(destinations) == sorted(str(version) for version in (tmp_path / "models").iterdir())
    assert len(set(destinations)) == 3


def test_a_model_that_is_not_blessed_is_not_called_pushed_though_it_is_served(tmp_path, push):
    push("a")
    model, blessing, pushed = (
        standard_artifacts.Model(),
        standard_artifacts.ModelBlessing(),
        standard_artifacts.PushedModel(),
    )
    model.uri, pushed.uri = str(tmp_path / "trained-a"), str(tmp_path / "not")
    blessing.set_int_custom_property("blessed", 0)
    Executor().Do(
        {"model": [model], "model_blessing": [blessing]},
        {"pushed_model": [pushed]},
        {"push_destination": str(tmp_path / "models")},
    )
    assert pushed.get_int_custom_property("pushed") == 0


def test_a_parameter_of_the_pipeline_may_be_the_destination():
    parameter = tfx.dsl.experimental.RuntimeParameter(name="push_to", ptype=str)
    node = Pusher(
        model=tfx.dsl.Channel(type=standard_artifacts.Model),
        model_blessing=tfx.dsl.Channel(type=standard_artifacts.ModelBlessing),
        push_destination=parameter,
    )
    assert node.exec_properties["push_destination"] is parameter
    assert node.executor_spec.executor_class is Executor
