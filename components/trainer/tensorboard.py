"""A training as TensorBoard shows it: `tensorboard --logdir FOLDER`."""

import math
import textwrap
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.trainer.epochs import Epoch

_TRAIN, _VALIDATION, _STAGES = "train", "validation", "stages"
_MOST_SAMPLES, _GAP = 16, 2
_OVERSHOOT = 0.01


class TensorBoardLog:
    """The event files of one training; several of them in turn may add to one folder, as the stages do.

    Its runs are `train` and `validation`, as in Keras' own callback, so that each chart shows both, and one for each
    stage, with its settings, some of the images it trains on, and a flat line `stage` as long as it lasts. (One run
    for all stages would join the steps with slopes.) What a resumed training tells again is shown in place of what it
    told before.
    """

    def __init__(self, folder: Path):
        """Writes nothing yet.

        Args:
            folder: of the training; is made when it is not there.
        """
        self._folder = folder
        self._writers: dict[str, tf.summary.SummaryWriter] = {}

    def stage(self, name: str, step: int, settings_text: str) -> None:
        """Marks where a stage begins.

        Args:
            name: of the stage, without slashes.
            step: epochs of the stages before.
            settings_text: what it was told to do; shown as it is.
        """
        with self._writer(self._stage_run(name)).as_default(step):
            # TensorBoard takes text for Markdown, where what is indented stays as it is.
            tf.summary.text("settings", textwrap.indent(settings_text, " " * 4))
        self._mark_stage(name, step)

    def samples(self, name: str, images: np.ndarray, step: int) -> None:
        """Shows some images that a stage trains on, as one picture.

        Args:
            name: of the stage.
            images: float32 `[n, S, S, 3]` in [0, 1]; the first 16 are shown.
            step: epochs of the stages before.

        Raises:
            ValueError: when the images have another shape, or values outside [0, 1].
        """
        if images.ndim != 4 or images.shape[-1] != 3 or not images.shape[0]:
            raise ValueError(f"expected images [n, height, width, 3], received shape {images.shape}")
        # Interpolation may overshoot a little; TensorBoard clips.
        if not (images.min() >= -_OVERSHOOT and images.max() <= 1.0 + _OVERSHOOT):
            raise ValueError(
                f"expected images in [0, 1], received values from {images.min()} to {images.max()}; give them as "
                "the dataset has them, before the model's own rescaling"
            )
        with self._writer(self._stage_run(name)).as_default(step):
            tf.summary.image("augmented_samples", _grid(images[:_MOST_SAMPLES])[np.newaxis])

    def epoch(self, row: Epoch, step: int) -> None:
        """Adds an epoch that has ended.

        Args:
            row: how it went.
            step: its number through all stages, from 1.
        """
        with self._writer(_TRAIN).as_default(step):
            tf.summary.scalar("loss", row.loss)
            tf.summary.scalar("auc", row.auc)
            tf.summary.scalar("learning_rate", row.learning_rate)
            tf.summary.scalar("images_per_second", row.images_per_second)
        with self._writer(_VALIDATION).as_default(step):
            tf.summary.scalar("loss", row.val_loss)
            tf.summary.scalar("auc", row.val_auc)
        self._mark_stage(row.stage, step)

    def close(self) -> None:
        """Ends the event files."""
        for writer in self._writers.values():
            writer.close()

    def _mark_stage(self, name: str, step: int) -> None:
        run = self._stage_run(name)
        with self._writer(run).as_default(step):
            tf.summary.scalar("stage", _number(run))

    def _stage_run(self, name: str) -> str:
        """The run of a stage, such as `stages/2-last`: the one it has on disk, or else the next."""
        runs = [f"{_STAGES}/{folder.name}" for folder in (self._folder / _STAGES).glob("*-*")]
        known = [run for run in runs if run.partition("-")[2] == name]
        return known[0] if known else f"{_STAGES}/{1 + max(map(_number, runs), default=0)}-{name}"

    def _writer(self, run: str) -> tf.summary.SummaryWriter:
        if run not in self._writers:
            # It flushes at the end of each `as_default`: someone may look on, and a kill loses nothing.
            self._writers[run] = tf.summary.create_file_writer(str(self._folder / run))
        return self._writers[run]


def _number(stage_run: str) -> int:
    return int(stage_run.removeprefix(f"{_STAGES}/").partition("-")[0])


def _grid(images: np.ndarray) -> np.ndarray:
    """`[n, height, width, 3]` as one picture `[rows, columns, 3]`, as square as can be, white between and after."""
    columns = math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    count, height, width, channels = images.shape
    tiles = np.ones((rows * columns, height + _GAP, width + _GAP, channels), images.dtype)
    tiles[:count, :height, :width] = images
    tiles = tiles.reshape(rows, columns, height + _GAP, width + _GAP, channels).swapaxes(1, 2)
    return tiles.reshape(rows * (height + _GAP), columns * (width + _GAP), channels)[:-_GAP, :-_GAP]
