"""One stage of fine-tuning: what trains, for how long, and what a later run may skip.

Each stage has a folder of its own with its backup, its weights and a marker that it is done: one backup directory
shared by several stages would resume silently wrong.
"""

import dataclasses
import json
import os
import time
from pathlib import Path

import keras
import numpy as np

from components.progress import tell
from components.settings import StageSettings, TrainerSettings
from components.trainer.augmentation import Augmentation
from components.trainer.best_epoch import BestEpoch
from components.trainer.dataset import TransformedSplit
from components.trainer.model import Detector, set_trainable


@dataclasses.dataclass(frozen=True)
class StageResult:
    """How a stage went.

    Attributes:
        name: of the stage.
        trainable: its setting: none, all or the number of layers.
        backbone_layers_trained: backbone layers with weights that trained.
        epochs: epochs trained, of those asked for.
        best: the best value of the monitored metric.
        seconds: wall time of the stage.
    """

    name: str
    trainable: str
    backbone_layers_trained: int
    epochs: int
    best: float
    seconds: float


class StageRunner:
    """Runs the stages of one training on one detector."""

    def __init__(
        self,
        settings: TrainerSettings,
        detector: Detector,
        train: TransformedSplit,
        validation: TransformedSplit,
        folder: Path,
    ):
        """Nothing runs yet.

        Args:
            settings: of the whole training.
            detector: trained in place.
            train: what is learned from.
            validation: what early stopping and the learning rate watch.
            folder: holds one folder a stage; kept between runs, it lets a killed training go on.
        """
        self._settings = settings
        self._detector = detector
        self._train = train
        self._validation = validation
        self._folder = folder

    def run(self, stage: StageSettings) -> StageResult:
        """Trains one stage, or takes up what an earlier run of it left.

        Afterwards the detector holds the weights of the best epoch.
        """
        folder = self._folder / f"stage-{stage.name}"
        folder.mkdir(parents=True, exist_ok=True)
        weights, done = folder / "detector.weights.h5", folder / "done.json"
        trained = set_trainable(self._detector.backbone, stage, self._settings.model.pretrained)
        whole = self._detector.model()
        if done.exists():
            whole.load_weights(weights)
            return StageResult(**json.loads(done.read_text()))

        start = time.monotonic()
        if stage.trainable == "none" and not stage.augmented:
            epochs = self._fit_on_embeddings(stage, folder)
        else:
            epochs = self._fit(stage, folder)
        result = StageResult(
            name=stage.name,
            trainable=str(stage.trainable),
            backbone_layers_trained=trained,
            epochs=len(epochs.values),
            best=epochs.best,
            seconds=round(time.monotonic() - start, 1),
        )
        partial = folder / "partial.weights.h5"
        whole.save_weights(partial)
        os.replace(partial, weights)
        done.write_text(json.dumps(dataclasses.asdict(result)))
        return result

    def _fit(self, stage: StageSettings, folder: Path) -> BestEpoch:
        training = self._settings.training
        model = self._detector.model(trains_backbone=stage.trainable != "none")
        augmentation = Augmentation(training.augmentation, training.seed) if stage.augmented else None
        return self._compile_and_fit(
            model,
            stage,
            folder,
            train=(self._train.training_batches(training.seed, augmentation),),
            validation=self._validation.batches(),
        )

    def _fit_on_embeddings(self, stage: StageSettings, folder: Path) -> BestEpoch:
        """The frozen part sees each image once; the head then trains on what came out. Exact, as nothing varies."""
        embedder = self._detector.embedder()

        def embed(split: TransformedSplit) -> tuple[np.ndarray, np.ndarray]:
            embeddings = embedder.predict(split.batches(), verbose=0)
            return embeddings, split.labels[:, np.newaxis].astype(np.float32)

        return self._compile_and_fit(
            self._detector.head_on_embeddings(),
            stage,
            folder,
            train=embed(self._train),
            validation=embed(self._validation),
        )

    def _compile_and_fit(
        self, model: keras.Model, stage: StageSettings, folder: Path, train, validation
    ) -> BestEpoch:
        training = self._settings.training
        model.compile(
            # A fresh optimizer each stage: an old one holds moments of other weights.
            optimizer=keras.optimizers.Adam(stage.learning_rate),
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=[keras.metrics.AUC(from_logits=True, name="auc")],
        )
        monitor, mode = training.monitor, "max" if training.monitor == "val_auc" else "min"
        best_epoch = BestEpoch(folder, monitor, mode)
        model.fit(
            *train,
            validation_data=validation,
            epochs=stage.epochs,
            batch_size=training.batch_size if len(train) == 2 else None,
            class_weight=self._train.class_weight() if training.balance_classes else None,
            callbacks=[
                best_epoch,
                keras.callbacks.BackupAndRestore(str(folder / "backup")),
                keras.callbacks.ReduceLROnPlateau(
                    monitor=monitor,
                    mode=mode,
                    factor=training.reduce_lr_factor,
                    patience=training.reduce_lr_patience,
                    min_lr=training.min_learning_rate,
                ),
                keras.callbacks.EarlyStopping(
                    monitor=monitor, mode=mode, patience=training.early_stopping_patience
                ),
                keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda epoch, logs: tell(
                        f"stage {stage.name}, epoch {epoch + 1} of {stage.epochs}: {monitor} {logs[monitor]:.3f}"
                    )
                ),
            ],
            verbose=2,
        )
        best_epoch.restore()
        return best_epoch
