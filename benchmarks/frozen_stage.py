"""What do cached embeddings save in a frozen stage?

    python benchmarks/frozen_stage.py WORKSPACE [--epochs 20] [--images 192]

WORKSPACE is that of a finished `deepfake-inspector run` with pretrained weights. Trains the head on its frozen
backbone twice, on the same images: as the Trainer does, on embeddings computed once, and plainly, by Keras' `fit` of
the whole model with the backbone frozen. Prints both wall times, their ratio, and both AUCs on val and test.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from finished_run import FinishedRun
from sklearn.metrics import roc_auc_score

from components.settings import StageSettings
from components.trainer.dataset import TransformedSplit
from components.trainer.model import Detector, set_trainable
from components.trainer.stages import StageRunner


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--images", type=int, default=192)
    arguments = parser.parse_args()
    run = FinishedRun(arguments.workspace)
    stage = StageSettings(
        name="frozen",
        trainable="none",
        epochs=arguments.epochs,
        learning_rate=3e-4,
        early_stopping_patience=arguments.epochs,
        reduce_lr_patience=arguments.epochs,
    )
    train, validation = run.split("train", arguments.images), run.split("val")
    measured = {}
    for name, fit in (("embeddings", _fit_on_embeddings), ("plain", _fit_plainly)):
        detector = run.detector()
        start = time.perf_counter()
        fit(detector, run, stage, train, validation)
        seconds = time.perf_counter() - start
        aucs = [_auc(detector, run.split(split)) for split in ("val", "test")]
        measured[name] = seconds
        print(
            f"{name:<11}{stage.epochs} epochs of {len(train.labels)} images: {seconds:7.1f} s, AUC of the best "
            f"epoch: val {aucs[0]:.3f}, test {aucs[1]:.3f}",
            flush=True,
        )
    print(f"ratio      {measured['plain'] / measured['embeddings']:.1f}")
    return 0


def _fit_on_embeddings(detector: Detector, run, stage, train, validation) -> None:
    with tempfile.TemporaryDirectory() as folder:
        StageRunner(run.settings, detector, train, validation, Path(folder), run.hardware).run(stage)


def _fit_plainly(detector: Detector, run, stage, train, validation) -> None:
    set_trainable(detector.backbone, stage, run.settings.model.pretrained)
    model = detector.model()
    model.compile(
        keras.optimizers.Adam(stage.learning_rate),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.AUC(from_logits=True, name="auc")],
    )
    pixels, labels = (np.concatenate(part) for part in zip(*train.batches().as_numpy_iterator(), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        best = Path(folder) / "best.weights.h5"
        keep = keras.callbacks.ModelCheckpoint(
            best, monitor="val_auc", mode="max", save_best_only=True, save_weights_only=True
        )
        model.fit(
            pixels,
            labels,
            batch_size=run.settings.training.batch_size,
            epochs=stage.epochs,
            validation_data=validation.batches(),
            class_weight=train.class_weight(),
            callbacks=[keep],
            verbose=0,
        )
        model.load_weights(best)


def _auc(detector: Detector, split: TransformedSplit) -> float:
    return roc_auc_score(split.labels, detector.model().predict(split.batches(), verbose=0)[:, 0])


if __name__ == "__main__":
    sys.exit(main())
