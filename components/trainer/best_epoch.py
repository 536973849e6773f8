"""The best epoch of a stage, kept on disk."""

import json
import os
from pathlib import Path
from typing import Any

import keras


class BestEpoch(keras.callbacks.Callback):
    """Keeps the weights of the best epoch and every epoch's value where a killed stage finds them again.

    Keras' EarlyStopping keeps them in memory: a stage that went on after it was killed would only choose among the
    epochs that were left. Must come before BackupAndRestore, so that no epoch is backed up and missing here.
    """

    def __init__(self, folder: Path, monitor: str, mode: str):
        """Takes up what an earlier run left.

        Args:
            folder: of the stage.
            monitor: name of the value, as `val_auc`.
            mode: `max` or `min`: which of two values is better.
        """
        super().__init__()
        self._weights, self._record = folder / "best.weights.h5", folder / "epochs.json"
        self._monitor, self._best = monitor, max if mode == "max" else min
        self.values: list[float] = json.loads(self._record.read_text()) if self._record.exists() else []
        """The monitored value of each epoch."""

    @property
    def best(self) -> float:
        """The best of the values."""
        return self._best(self.values)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Records the epoch, and its weights when it is the best so far."""
        # An epoch that ended but was not backed up is trained once more.
        earlier, value = self.values[:epoch], float(logs[self._monitor])
        if not earlier or self._best(earlier) != self._best(*earlier, value):
            partial = self._weights.with_name("partial.weights.h5")
            self.model.save_weights(partial)
            os.replace(partial, self._weights)
        self.values = [*earlier, value]
        partial = self._record.with_suffix(".partial")
        partial.write_text(json.dumps(self.values))
        os.replace(partial, self._record)

    def restore(self) -> None:
        """Gives the model the weights of the best epoch."""
        self.model.load_weights(self._weights)
