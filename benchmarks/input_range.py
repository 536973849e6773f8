"""What does it cost to feed a frozen backbone pixels in [0, 1] where it was trained on 0 to 255?

    python benchmarks/input_range.py WORKSPACE

WORKSPACE is that of a finished `deepfake-inspector run`; its transformed images and its settings are used. Trains the
head twice on the frozen backbone, once for each range, in one process, and prints both test AUCs. The ratio is that
of what each is better than guessing: (AUC - 0.5) of the right range over that of the wrong one.
"""

import argparse
import dataclasses
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from finished_run import FinishedRun
from sklearn.metrics import roc_auc_score

from components.settings import StageSettings
from components.trainer.model import Detector
from components.trainer.stages import StageRunner
from data.example import SPLITS

_STAGE = StageSettings(name="frozen", trainable="none", epochs=30, learning_rate=1e-3)


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    workspace = parser.parse_args().workspace
    run = FinishedRun(workspace)
    settings = run.settings
    if not settings.model.pretrained:
        print(
            "Expected a run with pretrained weights: a random backbone has no right range.", file=sys.stderr
        )
        return 2

    detector = run.detector()
    right = _test_auc(detector, run)
    fed_as_is = keras.layers.Rescaling(1.0, name="to_backbone_range")
    detector = run.detector()
    wrong = _test_auc(dataclasses.replace(detector, to_backbone_range=fed_as_is), run)
    print(f"test AUC, frozen {settings.model.backbone}, its own range    {right:.3f}")
    print(f"test AUC, frozen {settings.model.backbone}, fed with [0, 1]  {wrong:.3f}")
    print(f"ratio of (AUC - 0.5)  {(right - 0.5) / (wrong - 0.5):.1f}")
    return 0


def _test_auc(detector: Detector, run: FinishedRun) -> float:
    train, validation, test = map(run.split, SPLITS)
    with tempfile.TemporaryDirectory() as folder:
        StageRunner(run.settings, detector, train, validation, Path(folder), run.hardware).run(_STAGE)
    return roc_auc_score(test.labels, detector.model().predict(test.batches(), verbose=0)[:, 0])


if __name__ == "__main__":
    sys.exit(main())
