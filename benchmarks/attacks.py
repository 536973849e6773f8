"""What does it cost to attack test images: in passes through the network, and for the table of a report?

    python benchmarks/attacks.py [--backbone NAME] [--images N]

Attacks random images of the backbone's own size, with random weights (neither changes the time). Prints processor
milliseconds an image of a pass, of FGSM and of a step of PGD, the seconds that tracing takes once, and what
`evaluation.attacks` as it is by default comes to. Measure on idle cores.
"""

import argparse
import os
import resource
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from components.attacks.attacker import Attacker
from components.settings import AttackSettings, ModelSettings
from components.trainer.model import build_detector

_STEPS = 10
_EPSILON = 2.0


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default="efficientnet-b0")
    parser.add_argument("--images", type=int, default=16)
    asked = parser.parse_args()
    settings = ModelSettings(backbone=asked.backbone, weights="none")
    size = settings.input_size
    model = build_detector(settings, seed=0).model()
    forward = tf.function(
        lambda pixels: model(pixels, training=False), [tf.TensorSpec((None, size, size, 3))], autograph=False
    )
    attacker = Attacker(lambda pixels: model(pixels, training=False), size)
    images = np.random.default_rng(0).integers(0, 256, (asked.images, size, size, 3), np.uint8)
    pixels, labels, seeds = images / np.float32(255), np.arange(asked.images) % 2, range(asked.images)
    work = {
        "pass": lambda: forward(pixels),
        "fgsm": lambda: attacker.fgsm(images, labels, _EPSILON),
        "pgd": lambda: attacker.pgd(images, labels, _EPSILON, _STEPS, seeds),
    }
    first = {name: _processor_seconds(one) for name, one in work.items()}
    cost = {name: 1e3 * _processor_seconds(one) / asked.images for name, one in work.items()}
    step = cost["pgd"] / _STEPS
    print(f"{asked.backbone}, {size} pixels, {asked.images} images at once; processor ms an image")
    print(f"pass {cost['pass']:.1f}   fgsm {cost['fgsm']:.1f}   a step of pgd {step:.1f}")
    print(
        f"tracing, once: fgsm {first['fgsm']:.1f} s, pgd {first['pgd'] - asked.images * cost['pgd'] / 1e3:.1f} s"
    )
    table = AttackSettings()
    steps = len(table.epsilons) * (1 + table.steps)
    print(
        f"evaluation.attacks: {table.images} images, {steps} steps each: {table.images * steps * step / 1e3:.0f} s"
    )
    print(f"ratio of a step to a pass  {step / cost['pass']:.1f}")
    return 0


def _processor_seconds(work: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
