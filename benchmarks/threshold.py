"""Is a threshold chosen on validation good enough on test?

    python benchmarks/threshold.py MODEL_DIR... [--bound 2]

Each MODEL_DIR is an exported model: a pushed version, or Format-Serving of a training; of one seed each, for example.
From the logits it carries it prints F1 of fake on test at its own tau, which validation alone decided; the best F1 on
test that any threshold could have, which nobody can know beforehand; and the difference in points. Ends with exit
code 1 when a model loses more points than the bound.

The best F1 on test is fitted to the test images, the more so the fewer they are. `by all` shows how much of the
difference that is: what the best tau of validation and test together, the closest to a perfect choice that these
images allow, loses against it.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from components.calibration import Calibration, Objective, choose_threshold
from components.calibration.stored_logits import read_logits

_BEST_F1 = Objective("best-f1")


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL_DIR")
    parser.add_argument("--bound", type=float, default=2.0, help="points of F1 that may be lost")
    arguments = parser.parse_args()
    print(
        f"{'val':>5} {'test':>5} {'tau':>7} {'F1 at tau':>10} {'best tau':>9} {'best F1':>8} {'lost':>6}  model"
    )
    losses = []
    for model in arguments.models:
        splits = read_logits(model / "assets.extra" / "scores.csv")
        calibration = Calibration.from_facts(
            json.loads((model / "assets.extra" / "detector.json").read_text())
        )
        labels, scores = splits["test"].labels, calibration.scores(splits["test"].logits)
        both = [np.concatenate(parts) for parts in zip(splits["val"], splits["test"], strict=True)]
        best_tau = choose_threshold(scores, labels, _BEST_F1)
        tau_by_all = choose_threshold(calibration.scores(both[0]), both[1], _BEST_F1)
        reached, best, by_all = (
            f1_score(labels, scores >= tau) for tau in (calibration.threshold, best_tau, tau_by_all)
        )
        losses.append(100 * (best - reached))
        print(
            f"{len(splits['val'].labels):>5} {len(labels):>5} {calibration.threshold:>7.4f} {reached:>10.4f} "
            f"{best_tau:>9.4f} {best:>8.4f} {losses[-1]:>6.2f} {100 * (best - by_all):>6.2f}  {model}"
        )
    print(
        f"points of F1 lost: {np.mean(losses):.2f} on average, {max(losses):.2f} at most (bound {arguments.bound:g})"
    )
    return 1 if max(losses) > arguments.bound else 0


if __name__ == "__main__":
    sys.exit(main())
