"""Are the three stages worth it beside a plain Keras script that trains everything from the start?

    python benchmarks/plain_script.py WORKSPACE [--full-epochs 8] [--input-range backbone]

WORKSPACE is that of a finished `deepfake-inspector run` with pretrained weights; images, splits, head, augmentation,
seed and batch size are those of the run. The plain script is what the original project's was: one `fit` of all layers
with BatchNormalization training, Adam at 1e-4, ReduceLROnPlateau (patience 3, factor 0.5, least 1e-7) and
EarlyStopping (patience 10, best weights) on the validation loss, balanced classes. It gets as many epochs as the
last stage of the run, whose earlier stages come on top. Prints wall time and AUC of both.

`--input-range zero-to-one` also feeds the plain script what the original fed: pixels in [0, 1] to a backbone that was
trained on 0 to 255. By default it gets the right range, which is the harder comparison.
"""

import argparse
import dataclasses
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from finished_run import FinishedRun
from sklearn.metrics import roc_auc_score

from components.settings import StageSettings
from components.trainer.augmentation import Augmentation
from components.trainer.model import Detector, set_trainable
from components.trainer.stages import StageRunner
from data.example import SPLITS


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--full-epochs", type=int, default=8)
    parser.add_argument("--input-range", choices=["backbone", "zero-to-one"], default="backbone")
    arguments = parser.parse_args()
    run = FinishedRun(arguments.workspace)
    seconds = {}
    for name, train in (("stages", _stages), ("plain script", _plain_script)):
        detector = run.detector()
        start = time.perf_counter()
        told = train(detector, run, arguments)
        seconds[name] = time.perf_counter() - start
        val, test = (_auc(detector, run, split) for split in SPLITS[1:])
        print(f"{name:<14}{seconds[name]:8.0f} s   AUC val {val:.3f}, test {test:.3f}   {told}", flush=True)
    print(
        f"time of the plain script over that of the stages: {seconds['plain script'] / seconds['stages']:.2f}"
    )
    return 0


def _stages(detector: Detector, run: FinishedRun, arguments: argparse.Namespace) -> str:
    *earlier, last = run.settings.training.stages
    stages = (*earlier, last.model_copy(update={"epochs": arguments.full_epochs}))
    train, validation, _ = map(run.split, SPLITS)

    with tempfile.TemporaryDirectory() as folder:
        runner = StageRunner(run.settings, detector, train, validation, Path(folder), run.hardware)
        results = [runner.run(stage) for stage in stages]
    return ", ".join(f"{result.name} {result.epochs} epochs, {result.seconds:.0f} s" for result in results)


def _plain_script(detector: Detector, run: FinishedRun, arguments: argparse.Namespace) -> str:
    if arguments.input_range == "zero-to-one":
        as_is = keras.layers.Rescaling(1.0, name="to_backbone_range")
        detector = dataclasses.replace(detector, to_backbone_range=as_is)
    training = run.settings.training
    everything = StageSettings(name="all", trainable="all", epochs=1, batch_normalization="trained")
    set_trainable(detector.backbone, everything, run.settings.model.pretrained)
    model = detector.model(trains_backbone=True)
    model.compile(keras.optimizers.Adam(1e-4), keras.losses.BinaryCrossentropy(from_logits=True))
    train, validation, _ = map(run.split, SPLITS)
    history = model.fit(
        train.training_batches(training.seed, Augmentation(training.augmentation), cache_gb=1e3),
        steps_per_epoch=train.steps,
        epochs=arguments.full_epochs,
        validation_data=validation.batches(),
        class_weight=train.class_weight(),
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(patience=3, factor=0.5, min_lr=1e-7),
            keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True),
        ],
        verbose=0,
    )
    return f"{len(history.epoch)} epochs"


def _auc(detector: Detector, run: FinishedRun, split: str) -> float:
    images = run.split(split)
    return roc_auc_score(images.labels, detector.model().predict(images.batches(), verbose=0)[:, 0])


if __name__ == "__main__":
    sys.exit(main())
