"""One stage of fine-tuning: what trains, for how long, and what a later run may skip.

Each stage has a folder of its own with its epochs, its weights and a marker that it is done: one backup directory
shared by several stages would resume silently wrong.
"""

import contextlib
import dataclasses
import json
import time
from pathlib import Path

from components.atomic_file import replacing, write_text
from components.progress import tell
from components.settings import StageSettings, TrainerSettings
from components.trainer.augmentation import Augmentation
from components.trainer.dataset import TransformedSplit
from components.trainer.embeddings import embed
from components.trainer.epoch_order import stage_seed
from components.trainer.epochs import Epoch, EpochStore
from components.trainer.fitting import fit_stage
from components.trainer.hardware import Hardware
from components.trainer.model import Detector, set_trainable
from components.trainer.tensorboard import TensorBoardLog


@dataclasses.dataclass(frozen=True)
class StageResult:
    """How a stage went.

    Attributes:
        name: of the stage.
        trainable: its setting: none, all, the number of layers, or where they begin.
        backbone_layers_trained: backbone layers with weights that trained.
        epochs: epochs trained, of those asked for.
        best: the best value of the monitored metric.
        seconds: wall time of its epochs, whichever run they were trained in, and of its embeddings.
        images: of an epoch, in words.
    """

    name: str
    trainable: str
    backbone_layers_trained: int
    epochs: int
    best: float
    seconds: float
    images: str = ""


class StageRunner:
    """Runs the stages of one training, in order, on one detector."""

    def __init__(
        self,
        settings: TrainerSettings,
        detector: Detector,
        train: TransformedSplit,
        validation: TransformedSplit,
        folder: Path,
        hardware: Hardware,
        warm_started: bool = False,
    ):
        """Nothing runs yet.

        Args:
            settings: of the whole training.
            detector: trained in place; built on `hardware`.
            train: what is learned from.
            validation: what early stopping and the learning rate watch.
            folder: holds one folder a stage, and the TensorBoard logs; kept between runs, it lets a killed training
                go on.
            hardware: what it runs on.
            warm_started: whether the detector has the weights of an earlier one.
        """
        self._settings = settings
        self._detector = detector
        self._train = train
        self._validation = validation
        self._folder = folder
        self._hardware = hardware
        # What cannot be trained on is better told before the first stage than before the last.
        for stage in settings.training.stages:
            train.with_synthetic(stage.synthetic)
        self._pretrained = settings.model.pretrained or warm_started
        self._augmentation = Augmentation(settings.training.augmentation)
        self.epochs: list[Epoch] = []
        """Every epoch of the stages that have run."""

        self._running: tuple[StageSettings, EpochStore] | None = None

    @property
    def tensorboard_folder(self) -> Path:
        """Where the TensorBoard logs are."""
        return self._folder / "tensorboard"

    def kept(self) -> str:
        """What a later run would take up, in words."""
        if self._running is None:
            return "nothing yet"
        stage, store = self._running
        return f"{len(store.epochs)} of {stage.epochs} epochs of stage {stage.name}, and all of the stages before it"

    def run(self, stage: StageSettings) -> StageResult:
        """Trains one stage, or takes up what an earlier run of it left.

        Afterwards the detector holds the weights of the best epoch.
        """
        training = self._settings.training
        folder = self._folder / f"stage-{stage.name}"
        folder.mkdir(parents=True, exist_ok=True)
        weights, done = folder / "detector.weights.h5", folder / "done.json"
        trained = set_trainable(self._detector.backbone, stage, self._pretrained)
        store = EpochStore(folder, training.monitor, training.monitor_mode)
        self._running = stage, store
        with self._hardware.building():
            whole = self._detector.model()
            if done.exists():
                whole.load_weights(weights)
                result = StageResult(**json.loads(done.read_text()))
            else:
                extra_seconds = self._fit(stage, store)
                result = StageResult(
                    name=stage.name,
                    trainable=str(stage.trainable),
                    backbone_layers_trained=trained,
                    epochs=len(store.epochs),
                    best=getattr(store.best, training.monitor),
                    seconds=round(extra_seconds + sum(epoch.seconds for epoch in store.epochs), 1),
                    images=str(self._train.with_synthetic(stage.synthetic).mixture),
                )
                with replacing(weights) as partial:
                    whole.save_weights(partial)
                write_text(done, json.dumps(dataclasses.asdict(result)))
            store.forget_weights()
        self.epochs.extend(store.epochs)
        return result

    def _fit(self, stage: StageSettings, store: EpochStore) -> float:
        """Trains a stage; returns the seconds its embeddings took."""
        training, first_epoch = self._settings.training, len(store.epochs)
        seed = stage_seed(training.seed, stage.name)
        split = self._train.with_synthetic(stage.synthetic)
        tell(f"stage {stage.name}: {split.mixture} an epoch")
        if stage.adversarial and self._pretrained and stage.trains_batch_normalization(pretrained=True):
            tell(
                f"stage {stage.name}: BatchNormalization is trained, so what is attacked is not quite what learns "
                "from it; with batch_normalization: frozen such a stage may withstand more"
            )
        start, seconds = time.monotonic(), 0.0
        if stage.on_embeddings:
            embedder, views = self._detector.embedder(), stage.augmented_views
            embedded = embed(embedder, split, self._augmentation if views else None, views or 1, seed)
            train = embedded.training_batches(seed, first_epoch)
            validation = embed(embedder, self._validation).batches()
            model = self._detector.head_on_embeddings()
            seconds = time.monotonic() - start
        else:
            augmentation = self._augmentation if stage.augmented else None
            train = split.training_batches(seed, augmentation, first_epoch, training.hardware.cache_gb)
            validation = self._validation.batches()
            model = self._detector.model(trains_backbone=stage.trainable != "none")
        with contextlib.closing(TensorBoardLog(self.tensorboard_folder)) as tensorboard:
            if not first_epoch:
                tensorboard.stage(stage.name, len(self.epochs), stage.model_dump_json(indent=2))
                if stage.augmented or stage.augmented_views:
                    images, _ = next(iter(split.training_batches(seed, self._augmentation)))
                    tensorboard.samples(stage.name, images.numpy(), len(self.epochs))
            fit_stage(
                model,
                stage,
                training,
                store,
                train=train,
                split=split,
                validation=validation,
                hardware=self._hardware,
                tensorboard=tensorboard,
                epochs_before=len(self.epochs),
            )
        store.restore_best(model)
        return seconds
