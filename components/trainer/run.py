"""`run_fn`: what the TFX Trainer calls. Reads top to bottom as the story of a training."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx import v1 as tfx

from components import preprocessing
from components.atomic_file import write_text
from components.backbone_facts import BACKBONE_FACTS
from components.calibration import Calibration
from components.calibration.stored_logits import Scored
from components.progress import tell
from components.settings import TrainerSettings
from components.trainer.assets import EXTRA_FOLDER, write_assets
from components.trainer.backbones import copy_weights
from components.trainer.dataset import TransformedSplit
from components.trainer.export import export_detector
from components.trainer.hardware import Hardware, choose_hardware
from components.trainer.history import write_history
from components.trainer.history_plot import plot_history
from components.trainer.hyperparameters import with_hyperparameters
from components.trainer.model import Detector, build_detector
from components.trainer.operating_point import operating_point_of_stage
from components.trainer.phase_table import PhaseRow, split_metrics
from components.trainer.preemption import stops_on_sigterm
from components.trainer.stages import StageRunner
from components.trainer.warm_start import load_weights_into
from data.example import LABEL_MAP, SPLITS

PHASE_TABLE_FILE = "phase_table.json"
"""In the Trainer's `model_run` output: a list of `PhaseRow`s as JSON."""

HISTORY_FILE, PLOT_FILE, TENSORBOARD_FOLDER = "history.csv", "history.png", "tensorboard"
"""Beside it: every epoch of every stage, as a table, as a picture, and for TensorBoard."""

TRAIN_SPLIT, VALIDATION_SPLIT, TEST_SPLIT = SPLITS
_WARMUP_IMAGES = 4


def run_fn(fn_args: tfx.components.FnArgs) -> None:
    """Trains, calibrates and exports one detector.

    Args:
        fn_args: from TFX. `custom_config` holds `settings` (a `TrainerSettings` as JSON), `model_name`,
            `source_hash`, `weights_hash` (of the weights file, or None), `smallest_face` (least pixels of an image's
            shorter side), and `training_dir` (where stages keep what lets a killed run go on; None for a folder of
            this run alone). `base_model`, if given, is the exported model to start from; `hyperparameters`, if
            given, are those the Tuner found best.

    Raises:
        WeightsError: when pretrained weights cannot be had, or those to start from do not fit.
        HardwareError: when several machines were asked for.
        TrainingStoppedError: on SIGTERM.
        ObjectiveError: when no threshold of the trained model reaches the objective on the validation split.
        ValueError: when a split lacks a class.
    """
    custom = fn_args.custom_config
    settings = with_hyperparameters(
        TrainerSettings.model_validate(custom["settings"]), fn_args.hyperparameters
    )
    hardware = choose_hardware(settings.training.hardware)
    tell(str(hardware))
    splits = open_splits(fn_args, settings, hardware.plan.devices)
    train, validation, test = (splits[name] for name in SPLITS)
    if train.batch_size < settings.training.batch_size:
        tell(f"{train.batch_size} images a batch, so that every device has some of each")
    detector = _untrained(settings, hardware, fn_args.base_model)
    exported = _exported(detector, settings, hardware)
    runner = StageRunner(
        settings,
        detector,
        train,
        validation,
        training_folder(fn_args, settings, hardware),
        hardware,
        warm_started=fn_args.base_model is not None,
    )

    rows: list[PhaseRow] = []
    calibration: Calibration | None = None
    with stops_on_sigterm(runner.kept):
        for stage in settings.training.stages:
            result = runner.run(stage)
            copy_weights(detector.model(), exported)
            validation_logits = exported.predict(validation.batches(), verbose=0)[:, 0]
            is_last = stage is settings.training.stages[-1]
            calibration = operating_point_of_stage(
                validation_logits, validation.labels, settings.calibration, is_last
            )
            test_logits = exported.predict(test.batches(), verbose=0)[:, 0]
            metrics = (
                split_metrics(VALIDATION_SPLIT, validation_logits, validation.labels, calibration),
                split_metrics(TEST_SPLIT, test_logits, test.labels, calibration),
            )
            rows.append(PhaseRow(result, calibration, metrics))
            tell(f"stage {stage.name} done, test AUC {metrics[-1].auc:.3f}")

        folder = Path(fn_args.serving_model_dir)
        export_detector(
            exported,
            tft.TFTransformOutput(fn_args.transform_output),
            calibration,
            settings.model.input_size,
            custom["smallest_face"],
            folder,
        )
        write_assets(
            folder,
            exported,
            facts=_facts(settings, calibration, custom, hardware),
            model_name=custom["model_name"],
            images=validation.first_images(_WARMUP_IMAGES, custom["smallest_face"]),
            logits={
                VALIDATION_SPLIT: Scored(validation_logits, validation.labels),
                TEST_SPLIT: Scored(test_logits, test.labels),
            },
            transform_graph=Path(fn_args.transform_output),
        )
        _write_story(Path(fn_args.model_run_dir), rows, runner, settings.model.backbone)


def open_splits(
    fn_args: tfx.components.FnArgs, settings: TrainerSettings, devices: int
) -> dict[str, TransformedSplit]:
    """The transformed splits that were given, by name.

    Args:
        fn_args: from TFX.
        settings: give image and batch size.
        devices: how many share a batch of train and val; test is measured on one.
    """
    patterns = [*fn_args.train_files, *fn_args.eval_files]
    splits = {}
    for name in SPLITS:
        files = tf.io.gfile.glob([pattern for pattern in patterns if f"/Split-{name}/" in pattern])
        if files:
            splits[name] = TransformedSplit(
                files,
                settings.model.input_size,
                settings.training.batch_size,
                devices=1 if name == TEST_SPLIT else devices,
            )
    return splits


def training_folder(fn_args: tfx.components.FnArgs, settings: TrainerSettings, hardware: Hardware) -> Path:
    """One folder for each (configuration, code, input, hardware): nothing that another training left is taken up."""
    custom = fn_args.custom_config
    if custom["training_dir"] is None:
        return Path(fn_args.model_run_dir) / "stages"
    decides = [
        # Another operating point is another answer of the same network.
        settings.model_dump(mode="json", exclude={"calibration"}),
        *(custom[key] for key in ("weights_hash", "source_hash")),
        *(fn_args.transform_output, fn_args.train_files, fn_args.base_model),
        # An optimizer of one precision does not load into another, and a batch may be another on more devices.
        *(hardware.precision, hardware.plan.devices),
    ]
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
    return Path(custom["training_dir"]) / digest


def _untrained(settings: TrainerSettings, hardware: Hardware, base_model: str | None) -> Detector:
    """Where the training starts from: the pretrained backbone and a new head, or an earlier detector."""
    seed = settings.training.seed
    with hardware.building():
        if base_model is None:
            return build_detector(settings.model, seed)
        detector = build_detector(settings.model.model_copy(update={"weights": "none"}), seed)
        load_weights_into(detector, Path(base_model) / EXTRA_FOLDER, settings.model)
        return detector


def _exported(detector: Detector, settings: TrainerSettings, hardware: Hardware) -> keras.Model:
    """The network that is measured and served: float32 on one device, whatever the training runs on."""
    if not hardware.alters_model:
        return detector.model()
    plain = settings.model.model_copy(update={"weights": "none"})
    return build_detector(plain, settings.training.seed).model()


def _write_story(folder: Path, rows: list[PhaseRow], runner: StageRunner, backbone: str) -> None:
    """What there is to read about a training, into the folder `model_run`."""
    folder.mkdir(parents=True, exist_ok=True)
    table = [dataclasses.asdict(row) for row in rows]
    write_text(folder / PHASE_TABLE_FILE, json.dumps(table, indent=2) + "\n")
    write_history(runner.epochs, folder / HISTORY_FILE)
    plot_history(
        runner.epochs, folder / PLOT_FILE, title=f"{backbone}, test AUC {rows[-1].metrics[-1].auc:.3f}"
    )
    shutil.copytree(runner.tensorboard_folder, folder / TENSORBOARD_FOLDER, dirs_exist_ok=True)


def _facts(
    settings: TrainerSettings, calibration: Calibration, custom: dict[str, Any], hardware: Hardware
) -> dict[str, Any]:
    return {
        "model_name": custom["model_name"],
        "label_map": LABEL_MAP,
        "score": "P(fake), in [0, 1]",
        "threshold": calibration.threshold,
        "temperature": calibration.temperature,
        "uncertain": calibration.uncertain,
        "input": {
            "size": settings.model.input_size,
            "value_range": preprocessing.VALUE_RANGE,
            "resize": preprocessing.RESIZE_METHOD,
            "smallest_face": custom["smallest_face"],
        },
        "backbone": {
            "name": settings.model.backbone,
            "input_range": BACKBONE_FACTS[settings.model.backbone].input_range,
        },
        "settings": settings.model_dump(mode="json"),
        "trained_on": str(hardware),
        "source_hash": custom["source_hash"],
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__, "tfx": tfx.__version__},
    }
