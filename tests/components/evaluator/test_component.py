"""The Evaluator with a baseline, with an empty one, and with none."""

import pytest
from tfx.components.evaluator import executor
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.evaluator.component import Evaluator, Executor


@pytest.fixture
def given(monkeypatch):
    """What reaches TFX's own executor."""
    calls = []
    monkeypatch.setattr(
        executor.Executor, "Do", lambda self, inputs, outputs, properties: calls.append((inputs, properties))
    )
    return calls


def artifact(folder, with_model=True):
    model = standard_artifacts.Model()
    model.uri = str(folder)
    if with_model:
        path = folder / path_utils.serving_model_dir("")
        path.mkdir(parents=True)
        (path / "saved_model.pb").touch()
    return model


def test_a_baseline_is_compared_with(tmp_path, given):
    inputs = {"model": [artifact(tmp_path / "new")], "baseline_model": [artifact(tmp_path / "old")]}
    Executor().Do(inputs, {}, {"eval_config": "{}"})
    assert given == [(inputs, {"eval_config": "{}"})]


@pytest.mark.parametrize("empty", [True, False], ids=["an empty one", "none, as ML Metadata gives it"])
def test_without_a_baseline_the_candidate_stands_alone(tmp_path, given, empty):
    model = [artifact(tmp_path / "new")]
    Executor().Do(
        {"model": model, "baseline_model": [artifact(tmp_path / "no", False)] if empty else []}, {}, {}
    )
    assert given == [({"model": model}, {})]


def test_it_is_the_executor_that_runs():
    assert Evaluator.EXECUTOR_SPEC.executor_class is Executor
