"""`run_fn`: what the TFX Trainer calls. Reads top to bottom as the story of a training."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx import v1 as tfx

from components import preprocessing
from components.calibration import Calibration, calibrate
from components.progress import tell
from components.settings import TrainerSettings
from components.trainer.assets import write_assets
from components.trainer.backbones import BACKBONES
from components.trainer.dataset import TransformedSplit
from components.trainer.export import export_detector
from components.trainer.model import build_detector
from components.trainer.phase_table import PhaseRow, split_metrics
from components.trainer.stages import StageRunner
from data.example import LABEL_MAP, SPLITS

PHASE_TABLE_FILE = "phase_table.json"
"""In the Trainer's `model_run` output: a list of `PhaseRow`s as JSON."""

TRAIN_SPLIT, VALIDATION_SPLIT, TEST_SPLIT = SPLITS
_WARMUP_IMAGES = 4


def run_fn(fn_args: tfx.components.FnArgs) -> None:
    """Trains, calibrates and exports one detector.

    Args:
        fn_args: from TFX. `custom_config` holds `settings` (a `TrainerSettings` as JSON), `model_name`,
            `source_hash`, `weights_hash` (of the weights file, or None), `smallest_face` (least pixels of an image's
            shorter side), and `training_dir` (where stages keep what lets a killed run go on; None for a folder of
            this run alone).

    Raises:
        WeightsError: when pretrained weights cannot be had.
        ValueError: when a split lacks a class.
    """
    custom = fn_args.custom_config
    settings = TrainerSettings.model_validate(custom["settings"])
    size = settings.model.input_size
    splits = _open_splits(fn_args, settings)
    train, validation, test = (splits[name] for name in (TRAIN_SPLIT, VALIDATION_SPLIT, TEST_SPLIT))

    detector = build_detector(settings.model, settings.training.seed)
    model = detector.model()
    runner = StageRunner(settings, detector, train, validation, _training_folder(fn_args, custom))
    rows: list[PhaseRow] = []
    calibration: Calibration | None = None
    for stage in settings.training.stages:
        result = runner.run(stage)
        validation_logits = model.predict(validation.batches(), verbose=0)[:, 0]
        calibration = calibrate(
            validation_logits, validation.labels, settings.calibration.temperature_scaling
        )
        test_logits = model.predict(test.batches(), verbose=0)[:, 0]
        metrics = (
            split_metrics(VALIDATION_SPLIT, validation_logits, validation.labels, calibration),
            split_metrics(TEST_SPLIT, test_logits, test.labels, calibration),
        )
        rows.append(PhaseRow(result, calibration, metrics))
        tell(f"stage {stage.name} done, test AUC {metrics[-1].auc:.3f}")

    folder = Path(fn_args.serving_model_dir)
    transform = tft.TFTransformOutput(fn_args.transform_output)
    export_detector(model, transform, calibration, size, custom["smallest_face"], folder)
    write_assets(
        folder,
        model,
        facts=_facts(settings, calibration, custom),
        model_name=custom["model_name"],
        images=validation.first_images(_WARMUP_IMAGES, custom["smallest_face"]),
    )
    run_folder = Path(fn_args.model_run_dir)
    run_folder.mkdir(parents=True, exist_ok=True)
    table = [dataclasses.asdict(row) for row in rows]
    (run_folder / PHASE_TABLE_FILE).write_text(json.dumps(table, indent=2) + "\n")


def _open_splits(fn_args: tfx.components.FnArgs, settings: TrainerSettings) -> dict[str, TransformedSplit]:
    patterns = [*fn_args.train_files, *fn_args.eval_files]
    splits = {}
    for name in (TRAIN_SPLIT, VALIDATION_SPLIT, TEST_SPLIT):
        files = tf.io.gfile.glob([pattern for pattern in patterns if f"/Split-{name}/" in pattern])
        splits[name] = TransformedSplit(files, settings.model.input_size, settings.training.batch_size)
    return splits


def _training_folder(fn_args: tfx.components.FnArgs, custom: dict[str, Any]) -> Path:
    """One folder for each (configuration, code, input): what another training left must not be taken up."""
    if custom["training_dir"] is None:
        return Path(fn_args.model_run_dir) / "stages"
    ours = [custom[key] for key in ("settings", "weights_hash", "source_hash")]
    decides = [*ours, fn_args.transform_output, fn_args.train_files]
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
    return Path(custom["training_dir"]) / digest


def _facts(settings: TrainerSettings, calibration: Calibration, custom: dict[str, Any]) -> dict[str, Any]:
    backbone = BACKBONES[settings.model.backbone]
    return {
        "model_name": custom["model_name"],
        "label_map": LABEL_MAP,
        "score": "P(fake), in [0, 1]",
        "threshold": calibration.threshold,
        "temperature": calibration.temperature,
        "input": {
            "size": settings.model.input_size,
            "value_range": preprocessing.VALUE_RANGE,
            "resize": preprocessing.RESIZE_METHOD,
            "smallest_face": custom["smallest_face"],
        },
        "backbone": {"name": settings.model.backbone, "input_range": backbone.input_range},
        "settings": settings.model_dump(mode="json"),
        "source_hash": custom["source_hash"],
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__, "tfx": tfx.__version__},
    }
