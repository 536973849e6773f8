"""Every figure that `estimate` reckons with: what it is, where it was measured and on what. No arithmetic here.

Machine, unless a figure says otherwise: 2 cores of an AMD EPYC in a cloud, no GPU; TFX 1.16 on Python 3.10;
photographs of 256 pixels as JPEG, EfficientNet-B0 at 224 pixels. Another machine has other
figures: run the benchmarks named.
"""

from typing import NamedTuple

CORES = 2
BACKBONE = "efficientnet-b0"
BACKBONE_LAYERS = 237
SIDE = 224
"""Pixels of an image as the network sees it."""


class Figure(NamedTuple):
    """A number.

    Attributes:
        value: in `unit`.
        unit: in words.
        images: number of images that it was measured with; 0 where it is not measured, but published.
        source: the benchmark or the document that it is from.
    """

    value: float
    unit: str
    images: int
    source: str


class NodeCost(NamedTuple):
    """Of a node of the pipeline, as benchmarks/run_costs.py prints it.

    Processor seconds, taken for wall time: too much where a node keeps both cores busy.

    Attributes:
        fixed_s: processor seconds, however few images there are.
        unit_ms: processor milliseconds for each `unit`.
        unit: `image`, `test image`, or `pass` of an image through the network to be scored.
        kilobytes: left on disk for each image.
    """

    fixed_s: float
    unit_ms: float
    unit: str = "image"
    kilobytes: float = 0.0


_TRAINING = "measured at the start of the project: batches of 32, nothing else running, 1,068 images"

FORWARD = Figure(22.6, "images/s through the network", 1068, _TRAINING)
FROZEN = Figure(22.0, "images/s trained, backbone frozen, not cached", 1068, _TRAINING)
LAST_LAYERS_COUNT = 40
LAST_LAYERS = Figure(16.0, f"images/s trained, last {LAST_LAYERS_COUNT} layers", 1068, _TRAINING)
ALL_LAYERS = {
    BACKBONE: Figure(6.5, "images/s trained, all layers", 1068, _TRAINING),
    "efficientnetv2-b0": Figure(
        7.6, "images/s trained, all layers", 748, "benchmarks/plain_script.py: 4 x 748 in 394 s"
    ),
}
HEAD_ON_EMBEDDINGS = Figure(52_600.0, "images/s of the head on cached embeddings", 1068, _TRAINING)

MULTIPLY_ADDS = {
    **{"efficientnet-b0": 0.39, "efficientnet-b1": 0.70, "efficientnet-b2": 1.0, "efficientnet-b3": 1.8},
    **{"efficientnet-b4": 4.2, "efficientnet-b5": 9.9, "efficientnet-b6": 19.0, "efficientnet-b7": 37.0},
    **{
        "efficientnetv2-b0": 0.72,
        "efficientnetv2-b1": 1.2,
        "efficientnetv2-b2": 1.7,
        "efficientnetv2-b3": 3.0,
    },
    "efficientnetv2-s": 8.8,
}
"""Billions an image at the backbone's own size, as its authors publish them (Tan and Le, 2019 and 2021)."""


def reference_of(backbone: str) -> str:
    """The measured backbone that is nearest in kind."""
    return "efficientnetv2-b0" if backbone.startswith("efficientnetv2") else BACKBONE


IMPORT = Figure(1.9, "ms an image on 2 cores", 20_000, "benchmarks/import.py")
IMPORT_MEMORY = Figure(0.8, "GB", 20_000, "benchmarks/import.py")

_RUN_COSTS = "benchmarks/run_costs.py, photographs of 256 pixels, 160 and 480 of them, on busy cores"

NODES_IMAGES = 480
NODES = {
    # The lines of these two go through 480 images of run_costs.py and the 5 s and 13 s that they took for 1,068
    # at the start of the project: at 160 images the first run of a process still loads libraries.
    "ImportExampleGen": NodeCost(1.4, 3.4, kilobytes=10.9),
    "StatisticsGen": NodeCost(3.6, 8.8, kilobytes=0.2),
    "Transform": NodeCost(17.1, 11.6, kilobytes=73.7),
    "Evaluator": NodeCost(6.4, 106.0, "test image", kilobytes=0.1),
    # 78.8 ms an image of the whole, which is 0.15 passes on val and 17 times 0.15 on test.
    "Scoring": NodeCost(4.6, 29.2, "pass"),
    "ServingCheck": NodeCost(33.4, 0.0),
}
"""Nodes that are left out take less than a second."""

SCALE_WITH_PIXELS = frozenset({"Transform"})
COPIES = 16
"""Perturbed copies of each test image that are scored, where `evaluation.robustness` is on."""

ATTACK_STEP = Figure(
    67.2, "processor ms of a step of an attack on an image", 16, "benchmarks/attacks.py, on busy cores"
)
ATTACK_FIXED = Figure(15.0, "processor s to load and trace", 16, "benchmarks/attacks.py, on busy cores")
TRAINER_FIXED = Figure(23.6, "processor s to build, calibrate and export", 480, _RUN_COSTS)
RECORD_KILOBYTES = Figure(12.1, "KB an image of the import", 480, _RUN_COSTS)
MODELS_MEGABYTES = Figure(
    165.0, "MB: training folder 21, Trainer 48, Pusher and pushed 48 each", 480, _RUN_COSTS
)

# Peaks of the resident memory of a process that had done a run before: more than a node alone needs.
BEAM_MEMORY = Figure(2.6, "GB", 480, _RUN_COSTS)
TRAINER_MEMORY = Figure(2.7, "GB", 480, _RUN_COSTS)
EVALUATOR_MEMORY = Figure(3.1, "GB", 480, _RUN_COSTS)
