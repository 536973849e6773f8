"""Real photographs and real pretrained weights, where they are at hand: they are no part of this project."""

import os
from pathlib import Path

import pytest

_SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
_FACES = _SHARED / "data/faces256"
_WEIGHTS = _SHARED / "weights/efficientnetv2b0_imagenet_notop.weights.h5"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (_FACES.is_dir() and _WEIGHTS.is_file()),
        reason="needs faces256 and EfficientNetV2-B0 weights (INSPECTOR_SHARED names their folder)",
    ),
]


def test_a_frozen_backbone_tells_stylegan_faces_from_photographs(inspector, tmp_path):
    """The right pixel range gives 0.85 to 0.87; a backbone fed [0, 1] stays near 0.52 (benchmarks/input_range.py)."""
    finished = inspector(
        *("run", "--config", "mini", "--data", _FACES, "--workspace", tmp_path, "--json"),
        *("--set", "model.backbone=efficientnetv2-b0", "--set", f"model.weights={_WEIGHTS}"),
        *("--set", "training.stages=[{name: frozen, trainable: none, epochs: 8, learning_rate: 3.0e-4}]"),
        *("--set", "evaluation.attacks.images=0"),
    )
    assert finished.code == 0, finished.err
    overall = finished.json["slices"][0]
    assert overall["name"] == "overall"
    assert overall["auc"] >= 0.82
