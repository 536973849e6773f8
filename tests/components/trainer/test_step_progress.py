"""What is told while a stage trains: on a clock that the tests turn, and by Keras itself."""

import re
import time

import keras
import numpy as np
import pytest

from components.trainer import step_progress
from components.trainer.step_progress import StepProgress


class _Bench:
    """Calls a callback as `fit` would, with steps that last as long as they are told to."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        self.told: list[tuple[float, bool, str]] = []
        monkeypatch.setattr(step_progress, "monotonic", lambda: self.now)
        monkeypatch.setattr(
            step_progress,
            "tell",
            lambda text, passing=False: self.told.append((self.now - 1000.0, passing, text)),
        )

    def fit(self, progress, epochs, steps, *, first=0, step=1.0, trace=0.0, validation=0.0):
        progress.on_train_begin()
        for epoch in range(first, epochs):
            progress.on_epoch_begin(epoch)
            for batch in range(steps):
                progress.on_train_batch_begin(batch)
                self.now += step + (trace if (epoch, batch) == (first, 0) else 0.0)
            if validation:
                progress.on_test_begin()
                self.now += validation
            progress.on_epoch_end(epoch, {"loss": 0.25, "val_auc": 0.9124})
            self.ended(progress)

    def ended(self, progress):
        """Is called when an epoch has ended."""

    def lines(self, containing, passing=None):
        return [
            text for _, one, text in self.told if containing in text and (passing is None or one == passing)
        ]


@pytest.fixture
def bench(monkeypatch):
    """A clock, and all that was told."""
    return _Bench(monkeypatch)


def test_a_line_ends_each_epoch(bench):
    bench.fit(StepProgress("all", 3, 4, 8, "val_auc"), 3, 4, step=0.5)
    assert bench.told == [
        (2.0, False, "stage all, epoch 1 of 3: val_auc 0.912, loss 0.250, 16.0 images/s"),
        (4.0, False, "stage all, epoch 2 of 3: val_auc 0.912, loss 0.250, 16.0 images/s"),
        (6.0, False, "stage all, epoch 3 of 3: val_auc 0.912, loss 0.250, 16.0 images/s"),
    ]


def test_within_an_epoch_a_passing_line_comes_every_five_seconds_and_a_lasting_one_every_minute(bench):
    bench.fit(StepProgress("all", 1, 300, 8, "val_auc"), 1, 300)
    seconds = [at for at, _, _ in bench.told]
    assert seconds == [*range(5, 300, 5), 300]
    assert [at for at, passing, _ in bench.told if not passing] == [60, 120, 180, 240, 300]
    assert bench.told[1] == (
        10.0,
        True,
        "stage all, epoch 1 of 1: 10 of 300 steps, 8.0 images/s, 5 min left",
    )


def test_a_short_epoch_is_told_once(bench):
    bench.fit(StepProgress("all", 20, 3, 8, "val_auc"), 20, 3, step=0.5)
    assert len(bench.lines("of")) == len(bench.lines("val_auc")) == 20


def test_the_first_step_which_traces_counts_neither_for_the_speed_nor_for_the_time_left(bench):
    progress = StepProgress("all", 1, 20, 8, "val_auc")
    bench.fit(progress, 1, 20, trace=40.0)
    assert progress.images_per_second == pytest.approx(8.0)
    assert bench.told[:2] == [
        (41.0, True, "stage all, epoch 1 of 1: 1 of 20 steps"),
        (46.0, True, "stage all, epoch 1 of 1: 6 of 20 steps, 8.0 images/s, 14 s left"),
    ]


def test_an_epoch_of_one_step_has_a_speed_all_the_same(bench):
    progress = StepProgress("all", 3, 1, 8, "val_auc")
    speeds = []
    bench.ended = lambda one: speeds.append(one.images_per_second)
    bench.fit(progress, 3, 1, trace=3.0, validation=5.0)
    assert speeds == [2.0, 8.0, 8.0]


def test_validation_counts_for_the_time_left_and_not_for_the_speed(bench):
    progress = StepProgress("all", 3, 10, 8, "val_auc")
    bench.fit(progress, 3, 10, validation=30.0)
    assert progress.images_per_second == pytest.approx(8.0)
    # Two epochs of 10 s and their validation, 80 s in all, and then one of them.
    assert bench.lines("epoch 2 of 3: 5 of") == [
        "stage all, epoch 2 of 3: 5 of 10 steps, 8.0 images/s, 1 min left"
    ]
    assert bench.lines("epoch 3 of 3: 5 of") == [
        "stage all, epoch 3 of 3: 5 of 10 steps, 8.0 images/s, 35 s left"
    ]
    assert bench.lines("validation") == [f"stage all, epoch {epoch} of 3: validation" for epoch in (1, 2, 3)]
    assert bench.lines("validation", passing=False) == []


def test_the_time_left_is_that_to_the_end_of_the_stage(bench):
    bench.fit(StepProgress("all", 16, 100, 8, "val_auc"), 16, 100, step=6.0)
    # 15 epochs of 10 minutes and 9 steps of 6 s; the present epoch is the second.
    assert bench.lines("epoch 2 of 16: 91 of") == [
        "stage all, epoch 2 of 16: 91 of 100 steps, 1.3 images/s, 2 h 21 min left"
    ]


def test_a_slower_machine_is_noticed_in_the_next_epoch(bench):
    progress = StepProgress("all", 2, 10, 8, "val_auc")
    bench.fit(progress, 1, 10)
    bench.fit(progress, 2, 10, first=1, step=4.0)
    assert progress.images_per_second == pytest.approx(2.0)
    assert bench.lines("epoch 2 of 2: 4 of")[0].endswith("2.0 images/s, 24 s left")


def test_a_resumed_stage_counts_on_and_traces_anew(bench):
    progress = StepProgress("all", 5, 20, 8, "val_auc", first_epoch=3)
    bench.fit(progress, 5, 20, first=3, trace=40.0)
    assert bench.told[0][2] == "stage all, epoch 4 of 5: 1 of 20 steps"
    assert bench.lines("6 of 20")[0] == "stage all, epoch 4 of 5: 6 of 20 steps, 8.0 images/s, 34 s left"
    assert len(bench.lines("val_auc")) == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (89, "1 min"),
        (91, "2 min"),
        (3599, "1 h 0 min"),
        (8000, "2 h 13 min"),
    ],
)
def test_durations_read_as_one_would_say_them(seconds, words):
    assert step_progress._in_words(seconds) == words


class _SlowStep(keras.callbacks.Callback):
    """Makes each step last, as a big network would."""

    def on_train_batch_begin(self, batch, logs=None):
        time.sleep(0.02)


def _fit(*callbacks, steps_at_once):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(
        "sgd",
        "mse",
        metrics=[keras.metrics.MeanAbsoluteError(name="error")],
        steps_per_execution=steps_at_once,
    )
    x, y = np.ones((24, 2)), np.ones((24, 1))
    return model.fit(
        x,
        y,
        batch_size=4,
        validation_data=(x, y),
        epochs=3,
        initial_epoch=1,
        callbacks=list(callbacks),
        verbose=2,
    )


@pytest.mark.parametrize("steps_at_once", [1, 2])
def test_keras_calls_it_as_expected(monkeypatch, steps_at_once):
    told = []
    monkeypatch.setattr(step_progress, "tell", lambda text, passing=False: told.append((passing, text)))
    monkeypatch.setattr(step_progress, "_SECONDS_BETWEEN_PASSING", 0.0)
    progress = StepProgress("all", 3, 6, 4, "val_error", first_epoch=1)
    history = _fit(progress, _SlowStep(), steps_at_once=steps_at_once).history
    for number, epoch in enumerate((2, 3)):
        lines = [text.partition(": ")[2] for _, text in told if f"epoch {epoch} of 3" in text]
        assert [line.partition(",")[0] for line in lines[:-2]] == [
            f"{step} of 6 steps" for step in range(0, 6, steps_at_once)
        ]
        assert lines[-2] == "validation"
        values = f"val_error {history['val_error'][number]:.3f}, loss {history['loss'][number]:.3f}, "
        assert re.fullmatch(re.escape(values) + r"\d+\.\d images/s", lines[-1])
    # 4 images a step, and at least 20 ms each time.
    assert 0 < progress.images_per_second < 4 * steps_at_once / 0.02


def test_a_step_costs_next_to_nothing():
    progress = StepProgress("all", 1, 20_000, 8, "val_auc")
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    start = time.perf_counter()
    for batch in range(20_000):
        progress.on_train_batch_begin(batch)
    assert (time.perf_counter() - start) / 20_000 < 1e-4
