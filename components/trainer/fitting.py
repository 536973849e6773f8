"""Keras' `fit` for one stage: compiled afresh, watched, and able to go on where a killed one stood."""

import time
from typing import Any

import keras
import tensorflow as tf

from components.settings import StageSettings, TrainingSettings
from components.trainer.adversarial import with_attacks
from components.trainer.dataset import TransformedSplit
from components.trainer.epoch_order import EpochSeeds, stage_seed
from components.trainer.epochs import Epoch, EpochStore
from components.trainer.hardware import Hardware
from components.trainer.step_progress import StepProgress
from components.trainer.tensorboard import TensorBoardLog

_LEAST_SHARE = 0.01


def fit_stage(
    model: keras.Model,
    stage: StageSettings,
    training: TrainingSettings,
    store: EpochStore,
    *,
    train: tf.data.Dataset,
    validation: tf.data.Dataset,
    split: TransformedSplit,
    hardware: Hardware,
    tensorboard: TensorBoardLog,
    epochs_before: int,
) -> None:
    """Trains until the epochs of the stage are over or nothing improves; `store` has the outcome.

    Args:
        model: to logits `[n, 1]`; is compiled here, after its layers were frozen or not.
        stage: how long and how fast.
        training: what all stages share.
        store: of this stage; with epochs in it the training goes on after them.
        train: endless batches, beginning with the epoch that is next.
        validation: batches.
        split: what `train` is made of.
        hardware: what it runs on.
        tensorboard: is told every epoch.
        epochs_before: of the earlier stages.
    """
    model = with_attacks(model, stage.adversarial, stage_seed(training.seed, stage.name))
    model.compile(
        # A fresh optimizer each stage: an old one holds moments of other weights.
        optimizer=keras.optimizers.Adam(_learning_rate(stage, split.steps)),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.AUC(from_logits=True, name="auc")],
        jit_compile=hardware.jit_compile,
    )
    patience = stage.early_stopping_patience or training.early_stopping_patience
    first_epoch = len(store.epochs)
    # Killed between its last epoch and its end, a stage has nothing left to train.
    if first_epoch >= stage.epochs or store.without_improvement >= patience:
        return
    store.restore_latest(model)
    progress = StepProgress(
        stage.name, stage.epochs, split.steps, split.batch_size, training.monitor, first_epoch=first_epoch
    )
    plateau = [_Plateau(stage, training, store)] if stage.schedule == "plateau" else []
    model.fit(
        train,
        validation_data=validation,
        initial_epoch=first_epoch,
        epochs=stage.epochs,
        steps_per_epoch=split.steps,
        class_weight=split.class_weight() if training.balance_classes else None,
        callbacks=[
            EpochSeeds(stage_seed(training.seed, stage.name)),
            *plateau,
            *([_OneForAll()] if hardware.plan.devices > 1 else []),
            progress,
            _Recorder(stage.name, store, progress, patience, tensorboard, epochs_before),
        ],
        verbose=2,
    )


def _learning_rate(
    stage: StageSettings, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if stage.schedule == "plateau":
        return stage.learning_rate
    # Of a stage of one epoch, half is warm-up.
    warm_up = steps if stage.epochs > 1 else max(1, steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        stage.learning_rate * _LEAST_SHARE,
        decay_steps=max(1, stage.epochs * steps - warm_up),
        alpha=_LEAST_SHARE,
        warmup_target=stage.learning_rate,
        warmup_steps=warm_up,
    )


class _Plateau(keras.callbacks.ReduceLROnPlateau):
    """Lowers the learning rate where nothing improves; in a resumed stage as if it had never been killed."""

    def __init__(self, stage: StageSettings, training: TrainingSettings, store: EpochStore):
        super().__init__(
            monitor=training.monitor,
            mode=training.monitor_mode,
            factor=training.reduce_lr_factor,
            patience=stage.reduce_lr_patience or training.reduce_lr_patience,
            min_lr=training.min_learning_rate,
        )
        self._initial = stage.learning_rate
        self._earlier = [getattr(epoch, training.monitor) for epoch in store.epochs]

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        # It keeps in memory what it has seen; told the earlier epochs again, it comes to the same learning rate.
        self.model.optimizer.learning_rate = self._initial
        for epoch, value in enumerate(self._earlier):
            self.on_epoch_end(epoch, {self.monitor: value})


class _OneForAll(keras.callbacks.Callback):
    """Gives all devices the statistics of the first before they are measured.

    BatchNormalization follows each device's own part of the batches; only the first one's statistics are saved.
    """

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.model.set_weights(self.model.get_weights())


class _Recorder(keras.callbacks.Callback):
    """Keeps each epoch, tells TensorBoard, and stops when the patience is over. Comes after the other callbacks."""

    def __init__(
        self,
        stage: str,
        store: EpochStore,
        progress: StepProgress,
        patience: int,
        tensorboard: TensorBoardLog,
        epochs_before: int,
    ):
        super().__init__()
        self._stage, self._store, self._progress = stage, store, progress
        self._patience, self._tensorboard, self._epochs_before = patience, tensorboard, epochs_before
        self._start, self._learning_rate = 0.0, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._start = time.monotonic()
        self._learning_rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        names = ("loss", "auc", "val_loss", "val_auc")
        ended = Epoch(
            stage=self._stage,
            epoch=epoch + 1,
            **{name: float(logs[name]) for name in names},
            learning_rate=self._learning_rate,
            seconds=round(time.monotonic() - self._start, 2),
            images_per_second=round(self._progress.images_per_second, 1),
        )
        self._store.add(ended, self.model)
        self._tensorboard.epoch(ended, self._epochs_before + epoch + 1)
        if self._store.without_improvement >= self._patience:
            self.model.stop_training = True
