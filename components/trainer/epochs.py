"""What a stage keeps of its epochs, on disk: the history, the weights to go on with, and those of the best epoch.

Keras' BackupAndRestore keeps less than a stage needs: it forgets the best epoch, how long the monitored value has not
improved, and, when the kill comes while it writes its first backup, everything.
"""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import keras

from components.atomic_file import replacing, write_text


@dataclasses.dataclass(frozen=True)
class Epoch:
    """How one epoch went.

    Attributes:
        stage: name of its stage.
        epoch: its number in the stage, from 1.
        loss: mean binary cross-entropy on the training split, weighted by class.
        auc: area under the ROC curve on the training split, while it trained.
        val_loss, val_auc: on the validation split, after the epoch.
        learning_rate: what it began with.
        seconds: wall time, validation included.
        images_per_second: of the training part alone.
    """

    stage: str
    epoch: int
    loss: float
    auc: float
    val_loss: float
    val_auc: float
    learning_rate: float
    seconds: float
    images_per_second: float


class EpochStore:
    """The epochs of one stage, in its folder; taken up from there when an earlier run was killed.

    An epoch counts when its line is in the record, which is written last: whatever a kill leaves besides belongs to
    an epoch that will be trained again.
    """

    def __init__(self, folder: Path, monitor: Literal["val_loss", "val_auc"], mode: Literal["max", "min"]):
        """Takes up what an earlier run left.

        Args:
            folder: of the stage.
            monitor: what the best epoch is best in.
            mode: which of two values is better.
        """
        self._folder, self._record = folder, folder / "epochs.json"
        self._monitor, self._sign = monitor, 1.0 if mode == "max" else -1.0
        self.epochs: list[Epoch] = (
            [Epoch(**line) for line in json.loads(self._record.read_text())] if self._record.exists() else []
        )
        """Every finished epoch, in order."""

    @property
    def best(self) -> Epoch:
        """The best epoch; of equals the first."""
        return self._best_of(self.epochs)

    @property
    def without_improvement(self) -> int:
        """How many epochs came after the best one."""
        return len(self.epochs) - self.best.epoch if self.epochs else 0

    def add(self, epoch: Epoch, model: keras.Model) -> None:
        """Keeps an epoch that has just ended, with the weights and the optimizer of the model."""
        epochs = [*self.epochs, epoch]
        best = self._best_of(epochs)
        if best is epoch:
            with replacing(self._best_weights(epoch)) as partial:
                _without_optimizer(model).save_weights(partial)
        with replacing(self._latest_weights(epoch)) as partial:
            model.save_weights(partial)
        write_text(self._record, json.dumps([dataclasses.asdict(one) for one in epochs], indent=1))
        self.epochs = epochs
        self._forget_all_but(self._best_weights(best), self._latest_weights(epoch))

    def restore_latest(self, model: keras.Model) -> None:
        """Gives a compiled model the weights and the optimizer it had after the last finished epoch, if any."""
        if self.epochs:
            # Without its variables there is nothing to load the optimizer's moments into.
            model.optimizer.build(model.trainable_variables)
            model.load_weights(self._latest_weights(self.epochs[-1]))

    def restore_best(self, model: keras.Model) -> None:
        """Gives a model the weights of the best epoch."""
        _without_optimizer(model).load_weights(self._best_weights(self.best))

    def forget_weights(self) -> None:
        """Deletes the weights, which may be many times the size of the detector, and keeps the history."""
        self._forget_all_but()

    def _forget_all_but(self, *kept: Path) -> None:
        for path in self._folder.glob("*-epoch-*.weights.h5"):
            if path not in kept:
                path.unlink()

    def _best_weights(self, epoch: Epoch) -> Path:
        return self._folder / f"best-epoch-{epoch.epoch}.weights.h5"

    def _latest_weights(self, epoch: Epoch) -> Path:
        return self._folder / f"after-epoch-{epoch.epoch}.weights.h5"

    def _best_of(self, epochs: Sequence[Epoch]) -> Epoch:
        return max(epochs, key=self._goodness)

    def _goodness(self, epoch: Epoch) -> float:
        value = self._sign * getattr(epoch, self._monitor)
        # What is no number compares as neither better nor worse; the first epoch would stay the best for ever.
        return -math.inf if math.isnan(value) else value


def _without_optimizer(model: keras.Model) -> keras.Model:
    return keras.Model(model.inputs, model.outputs)
