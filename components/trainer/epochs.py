"""What a stage keeps of its epochs, on disk: the history, the weights to go on with, and those of the best epoch."""

import dataclasses
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import keras


@dataclasses.dataclass(frozen=True)
class Epoch:
    """How one epoch went.

    Attributes:
        stage: name of its stage.
        epoch: its number in the stage, from 1.
        loss: mean binary cross-entropy on the training split, weighted by class.
        auc: area under the ROC curve on the training split, while it trained.
        val_loss, val_auc: on the validation split, after the epoch.
        learning_rate: what it trained with.
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
