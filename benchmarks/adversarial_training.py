"""What does training on attacked images keep under attack, and what does it cost where nobody attacks?

    python benchmarks/adversarial_training.py FACES --config mini [--seeds 1] [--set KEY=VALUE …] [--work DIR]

FACES holds `real/` and `fake/`, or is a folder of records. Trains the same configuration plainly and with a last
stage that attacks half of each batch (PGD, epsilon 2/255, 3 steps) and whose BatchNormalization is frozen, and prints
the accuracy at tau of both on the same test images: as they are, and under FGSM and PGD at each epsilon of
`evaluation.attacks`. The ratio is that of the accuracies under the PGD that was trained against, adversarial over
plain.
"""

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

# Before this folder, whose serving.py is not the package.
sys.path.insert(0, str(Path(__file__).parents[1]))

# isort: split
from seeded_runs import command, parser, told, train

from data.card import is_imported
from pipeline.config import load_config

_EPSILON = 2
_ADVERSARIAL = f"{{method: pgd, epsilon: {_EPSILON}, steps: 3, share: 0.5}}"


def main() -> None:
    """Measures and prints; see the top of the file."""
    arguments = parser(__doc__.splitlines()[0], seeds=(1,)).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        _compare(arguments, (arguments.work or Path(scratch)).resolve())


def _compare(arguments: argparse.Namespace, work: Path) -> None:
    records = arguments.faces
    if not is_imported(records):
        records = work / "records"
        if not is_imported(records):
            command("data", "import", arguments.faces, "--out", records)
    last = len(load_config(arguments.config, arguments.changes).training.stages) - 1
    adversarial = (
        f"training.stages.{last}.adversarial={_ADVERSARIAL}",
        f"training.stages.{last}.batch_normalization=frozen",
    )
    recipes = {"plain": (), "adversarial": adversarial}
    accuracies: dict[str, dict[str, list[float]]] = {recipe: defaultdict(list) for recipe in recipes}
    for seed in arguments.seeds:
        for recipe, changes in recipes.items():
            run = train(
                arguments.config,
                records,
                work / "workspace",
                f"attacked-{recipe}",
                seed,
                (*arguments.changes, *changes),
            )
            for row in run["attacks"]:
                accuracies[recipe][row["perturbation"]].append(row["accuracy"])
    print(f"{'accuracy at tau':<18}" + "".join(f"{recipe:>18}" for recipe in recipes))
    for name in accuracies["plain"]:
        print(f"{name:<18}" + "".join(f"{told(accuracies[recipe][name]):>18}" for recipe in recipes))
    before, after = (statistics.mean(accuracies[recipe][f"pgd-{_EPSILON}"]) for recipe in recipes)
    ratio = f"{after / before:.2f}" if before else "without bound: plainly trained, none was right"
    print(f"ratio under pgd-{_EPSILON}, adversarial over plain  {ratio}")


if __name__ == "__main__":
    main()
