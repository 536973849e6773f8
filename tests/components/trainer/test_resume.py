"""Killed anywhere, a training goes on from its last finished epoch and ends with the weights it would have had."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from components.settings import (
    HardwareSettings,
    ModelSettings,
    StageSettings,
    TrainerSettings,
    TrainingSettings,
)
from components.trainer import epochs, stages
from components.trainer.epochs import Epoch, EpochStore
from components.trainer.hardware import choose_hardware
from components.trainer.model import build_detector
from components.trainer.stages import StageRunner

_HARDWARE = choose_hardware(HardwareSettings())
_FROZEN = StageSettings(name="frozen", trainable="none", epochs=3, learning_rate=1e-2, augmented_views=2)
# Its learning rate falls and falls, and it stops early: both depend on what came before.
_ALL = StageSettings(name="all", trainable="all", epochs=6, learning_rate=3e-2, reduce_lr_patience=1)
_STAGES = (_FROZEN, _ALL)
_SETTINGS = TrainerSettings(
    model=ModelSettings(weights="none", image_size=32, head_units=(8,), head_dropout=(0.4,)),
    training=TrainingSettings(stages=_STAGES, batch_size=8, early_stopping_patience=3, monitor="val_loss"),
)


class KilledError(BaseException):
    """What a kill is here: nothing that runs afterwards may count on it."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """The epochs of a training and the weights it ended with."""

    epochs: list[Epoch]
    weights: list[np.ndarray]


@pytest.fixture(scope="module")
def train(make_split, small_detector) -> Callable[[Path], Trained]:
    """``train(folder)``: all stages."""
    splits = make_split(36, batch_size=8), make_split(16, first=100)

    def run(folder: Path) -> Trained:
        detector = small_detector(head_dropout=(0.4,))
        runner = StageRunner(_SETTINGS, detector, *splits, folder, _HARDWARE)
        for stage in _STAGES:
            runner.run(stage)
        return Trained(runner.epochs, detector.model().get_weights())

    return run


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory) -> Trained:
    """A training that nobody interrupted."""
    return train(tmp_path_factory.mktemp("whole"))


@contextlib.contextmanager
def _killed_at_call(number: int, owner: object, method: str, after: bool = False) -> Iterator[None]:
    """Dies when a method is called for the so-manieth time, before it does anything or after all of it."""
    calls, original = [], getattr(owner, method)

    def dying(*arguments, **options):
        calls.append(method)
        if len(calls) == number and not after:
            raise KilledError
        result = original(*arguments, **options)
        if len(calls) == number:
            raise KilledError
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, method, dying)
        try:
            yield
        except KilledError:
            return
    pytest.fail("it was never killed")


# The first stage has 3 epochs, the second up to 6, of 5 steps each.
_KILLS = {
    "inside a later epoch": (3 * 5 + 2 * 5 + 3, keras.callbacks.CallbackList, "on_train_batch_end"),
    "between the weights of an epoch and its line": (5, epochs, "write_text"),
}
_MORE_KILLS = {
    "before a stage is marked as done": (1, stages, "write_text"),
    "inside the first epoch": (2, keras.callbacks.CallbackList, "on_train_batch_end"),
    "before the first epoch is kept": (1, EpochStore, "add"),
    "before a later epoch is kept": (6, EpochStore, "add"),
    "after an epoch is kept": (6, EpochStore, "add", True),
    "between the last epoch and the end of its stage": (3, EpochStore, "add", True),
    "between the stages": (1, stages, "write_text", True),
    "after all of the training": (2, stages, "write_text", True),
}


@pytest.mark.parametrize(
    "kill",
    [
        *(pytest.param(kill, id=name) for name, kill in _KILLS.items()),
        *(pytest.param(kill, id=name, marks=pytest.mark.slow) for name, kill in _MORE_KILLS.items()),
    ],
)
def test_resumed_and_uninterrupted_weights_are_equal(train, whole, kill, tmp_path):
    with _killed_at_call(*kill):
        train(tmp_path)
    _assert_same(whole, train(tmp_path))


@pytest.mark.slow
def test_killed_again_and_again_it_still_arrives(train, whole, tmp_path):
    for _ in range(4):
        with _killed_at_call(2, EpochStore, "add"):
            train(tmp_path)
    _assert_same(whole, train(tmp_path))


def _assert_same(whole: Trained, resumed: Trained) -> None:
    for one, other in zip(whole.weights, resumed.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
    for one, other in zip(whole.epochs, resumed.epochs, strict=True):
        assert (one.stage, one.epoch, one.learning_rate) == (other.stage, other.epoch, other.learning_rate)
        assert one.val_loss == pytest.approx(other.val_loss, abs=1e-6)


def test_the_scenario_is_one_in_which_the_past_matters(whole):
    rates = [epoch.learning_rate for epoch in whole.epochs if epoch.stage == "all"]
    assert min(rates) < max(rates)
    assert len({epoch.loss for epoch in whole.epochs}) == len(whole.epochs)


@pytest.mark.slow
def test_an_efficientnet_with_its_stochastic_depth_too(make_split, tmp_path):
    """The real network draws in its blocks and keeps moving statistics."""
    stage = StageSettings(name="all", trainable="all", epochs=3, learning_rate=1e-3)
    settings = TrainerSettings(
        model=ModelSettings(weights="none", image_size=32),
        training=TrainingSettings(stages=(stage,), batch_size=8),
    )
    splits = make_split(24, batch_size=8), make_split(16, first=100)

    def run(folder: Path) -> list[np.ndarray]:
        detector = build_detector(settings.model, 1)
        StageRunner(settings, detector, *splits, folder, _HARDWARE).run(stage)
        return detector.model().get_weights()

    expected = run(tmp_path / "whole")
    with _killed_at_call(2, EpochStore, "add", True):
        run(tmp_path / "killed")
    for one, other in zip(expected, run(tmp_path / "killed"), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
