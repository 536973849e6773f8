"""Tells how far a stage has come, while it trains: steps, images/s and the time left."""

from time import monotonic
from typing import Any

import keras

from components.progress import tell

_SECONDS_BETWEEN_PASSING = 5.0
_SECONDS_BETWEEN_LOGGED = 60.0


class StepProgress(keras.callbacks.Callback):
    """A line at the end of each epoch; within one, a passing line every 5 s and a logged one every minute.

    It only looks at the clock when a step begins, when Keras has waited for the one before.
    """

    def __init__(
        self, stage: str, epochs: int, steps: int, batch_size: int, monitor: str, first_epoch: int = 0
    ):
        """Tells nothing yet.

        Args:
            stage: name of the stage.
            epochs: of the whole stage.
            steps: of an epoch.
            batch_size: images a step.
            monitor: the value to tell at the end of an epoch, such as `val_auc`.
            first_epoch: epochs of the stage that an earlier run trained: the `initial_epoch` of Keras.
        """
        super().__init__()
        self._stage, self._epochs, self._steps, self._batch_size = stage, epochs, steps, batch_size
        self._monitor, self._first_epoch = monitor, first_epoch
        self.images_per_second = 0.0
        """Of the training part of the last epoch. The first step, which traces, is left out, unless it is the only
        one."""

        self._epoch = first_epoch
        self._timed_since, self._untimed_steps = 0.0, 0
        self._trained_at: float | None = None
        self._seconds_between_epochs = 0.0
        self._told_at = self._logged_at = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._told_at = self._logged_at = monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        now = monotonic()
        if self._trained_at is not None:
            # Validation, and what other callbacks did.
            self._seconds_between_epochs = now - self._trained_at
        self._epoch, self._trained_at = epoch, None
        self._timed_since, self._untimed_steps = now, 0

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        now = monotonic()
        traced = batch > 0 and self._epoch == self._first_epoch and not self._untimed_steps
        if traced:
            self._timed_since, self._untimed_steps = now, batch
        if now - self._told_at >= _SECONDS_BETWEEN_PASSING:
            self._tell_steps(batch, now)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._end_training_part()
        self._tell("validation", passing=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._end_training_part()
        values = ", ".join(f"{name} {logs[name]:.3f}" for name in (self._monitor, "loss"))
        self._tell(f"{values}, {self.images_per_second:.1f} images/s", passing=False)

    def _end_training_part(self) -> None:
        if self._trained_at is None:
            self._trained_at = monotonic()
            self.images_per_second = self._speed(self._steps, self._trained_at)

    def _speed(self, steps_done: int, now: float) -> float:
        """Images/s of the steps of this epoch that count; before there are any, of the last epoch, 0 in the first."""
        steps, seconds = steps_done - self._untimed_steps, now - self._timed_since
        return steps * self._batch_size / seconds if steps > 0 and seconds > 0 else self.images_per_second

    def _tell_steps(self, steps_done: int, now: float) -> None:
        text = f"{steps_done} of {self._steps} steps"
        # In the first step there is nothing to go by.
        tracing = self._epoch == self._first_epoch and not self._untimed_steps
        if not tracing and (speed := self._speed(steps_done, now)):
            text += f", {speed:.1f} images/s, {_in_words(self._seconds_left(steps_done, speed))} left"
        self._tell(text, passing=now - self._logged_at < _SECONDS_BETWEEN_LOGGED)

    def _seconds_left(self, steps_done: int, speed: float) -> float:
        """Seconds to the end of the stage, should all its epochs be trained."""
        epochs_left = self._epochs - self._epoch
        steps_left = epochs_left * self._steps - steps_done
        return steps_left * self._batch_size / speed + epochs_left * self._seconds_between_epochs

    def _tell(self, text: str, passing: bool) -> None:
        tell(f"stage {self._stage}, epoch {self._epoch + 1} of {self._epochs}: {text}", passing=passing)
        self._told_at = monotonic()
        if not passing:
            self._logged_at = self._told_at


def _in_words(seconds: float) -> str:
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
