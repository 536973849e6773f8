"""Does the training wait for its images? Records on disk against arrays in memory.

    python benchmarks/training_input.py WORKSPACE [--images 256] [--rounds 3]

WORKSPACE is that of a finished `deepfake-inspector run`. Trains all layers of its backbone, an epoch at a time: from
the transformed records, as the Trainer does (decoded, shuffled, augmented, normalised), and by Keras' `fit`
on float32 arrays that are in memory already, in turns. Prints the images/s of both and their ratio, once with the
images decoded into memory first, as small sets are, and once with every image read and decoded anew.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from finished_run import FinishedRun

from components.settings import StageSettings
from components.trainer.augmentation import Augmentation
from components.trainer.model import set_trainable

_STAGE = StageSettings(name="all", trainable="all", epochs=1, learning_rate=1e-5)


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    run = FinishedRun(arguments.workspace)
    training, split = run.settings.training, run.split("train")
    steps = min(arguments.images // training.batch_size, len(split.labels) // training.batch_size)
    images = steps * training.batch_size

    detector = run.detector()
    set_trainable(detector.backbone, _STAGE, run.settings.model.pretrained)
    model = detector.model(trains_backbone=True)
    model.compile(
        keras.optimizers.Adam(_STAGE.learning_rate), keras.losses.BinaryCrossentropy(from_logits=True)
    )
    batches = list(split.batches().take(steps).as_numpy_iterator())
    arrays = tuple(np.concatenate(part) for part in zip(*batches, strict=True))
    augmentation = Augmentation(training.augmentation)
    ways = {
        "arrays in memory": {"x": arrays[0], "y": arrays[1], "batch_size": training.batch_size},
        "records, decoded once": {
            "x": split.training_batches(1, augmentation, cache_gb=1e3),
            "steps_per_epoch": steps,
        },
        "records, decoded anew": {
            "x": split.training_batches(1, augmentation, cache_gb=0.0),
            "steps_per_epoch": steps,
        },
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(arguments.rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            model.fit(**way, epochs=1, verbose=0)
            # The first round traces and warms up.
            if round_number:
                rates[name].append(images / (time.perf_counter() - start))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    baseline, *ours = medians
    print(f"{images} images an epoch, median of {arguments.rounds}")
    print(f"{baseline:<24}{medians[baseline]:8.1f} images/s")
    for name in ours:
        ratio = statistics.median(
            one / other for one, other in zip(rates[name], rates[baseline], strict=True)
        )
        print(f"{name:<24}{medians[name]:8.1f} images/s, ratio {ratio:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
