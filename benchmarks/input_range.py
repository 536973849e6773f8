"""What does it cost to feed a frozen backbone pixels in [0, 1] where it was trained on 0 to 255?

    python benchmarks/input_range.py WORKSPACE

WORKSPACE is that of a finished `deepfake-inspector run`; its transformed images and its settings are used. Trains the
head twice on the frozen backbone, once for each range, in one process, and prints both test AUCs. The ratio is that
of what each is better than guessing: (AUC - 0.5) of the right range over that of the wrong one.
"""

import argparse
import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from sklearn.metrics import roc_auc_score

from components.settings import StageSettings, TrainerSettings
from components.trainer.assets import FACTS_FILE
from components.trainer.dataset import TransformedSplit
from components.trainer.model import Detector, build_detector
from components.trainer.stages import StageRunner
from data.example import SPLITS

_STAGE = StageSettings(name="frozen", trainable="none", epochs=30, learning_rate=1e-3)


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    workspace = parser.parse_args().workspace
    settings = _settings(workspace)
    if not settings.model.pretrained:
        print(
            "Expected a run with pretrained weights: a random backbone has no right range.", file=sys.stderr
        )
        return 2

    detector = build_detector(settings.model, settings.training.seed)
    right = _test_auc(detector, settings, workspace)
    fed_as_is = keras.layers.Rescaling(1.0, name="to_backbone_range")
    detector = build_detector(settings.model, settings.training.seed)
    wrong = _test_auc(dataclasses.replace(detector, to_backbone_range=fed_as_is), settings, workspace)
    print(f"test AUC, frozen {settings.model.backbone}, its own range    {right:.3f}")
    print(f"test AUC, frozen {settings.model.backbone}, fed with [0, 1]  {wrong:.3f}")
    print(f"ratio of (AUC - 0.5)  {(right - 0.5) / (wrong - 0.5):.1f}")
    return 0


def _settings(workspace: Path) -> TrainerSettings:
    facts = max(
        workspace.glob(f"artifacts/Trainer/model/*/Format-Serving/assets.extra/{FACTS_FILE}"), key=_age
    )
    return TrainerSettings.model_validate(json.loads(facts.read_text())["settings"])


def _test_auc(detector: Detector, settings: TrainerSettings, workspace: Path) -> float:
    examples = max(workspace.glob("artifacts/Transform/transformed_examples/*"), key=_age)
    train, validation, test = (
        TransformedSplit(
            [str(path) for path in examples.glob(f"Split-{split}/*")],
            settings.model.input_size,
            settings.training.batch_size,
        )
        for split in SPLITS
    )
    with tempfile.TemporaryDirectory() as folder:
        StageRunner(settings, detector, train, validation, Path(folder)).run(_STAGE)
    return roc_auc_score(test.labels, detector.model().predict(test.batches(), verbose=0)[:, 0])


def _age(path: Path) -> float:
    return path.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main())
