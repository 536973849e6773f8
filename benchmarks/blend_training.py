"""Does training on self-blended images help against a generator that the training has not seen?

    python benchmarks/blend_training.py FACES OTHER --config mini [--seeds 1 2 3] [--set KEY=VALUE …] [--work DIR]

FACES and OTHER hold `real/` and `fake/`; the fakes of OTHER were made by another generator. Imports FACES, makes a
self-blended child and a control (encoded once more, otherwise as it is) of every real image of its training split,
and trains the same configuration without and with them, which the last stage then sees, under each seed. Prints the
AUC on the test split of FACES and on OTHER, mean and standard deviation, and the ratio of what each is better than
guessing on OTHER: (AUC - 0.5) with them over without.
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
from seeded_runs import command, parser, test_auc, told, train

from data.card import is_imported, read_card
from pipeline.config import load_config

_SHARES = {"blend": 0.25, "control": 0.1}


def main() -> None:
    """Measures and prints; see the top of the file."""
    shared = parser(__doc__.splitlines()[0], seeds=(1, 2, 3))
    shared.add_argument("other", type=Path)
    arguments = shared.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        _compare(arguments, (arguments.work or Path(scratch)).resolve())


def _compare(arguments: argparse.Namespace, work: Path) -> None:
    records = _records(arguments.faces, work)
    last = len(load_config(arguments.config, arguments.changes).training.stages) - 1
    shares = ", ".join(f"{maker}: {share}" for maker, share in _SHARES.items())
    recipes = {"without": (), "with": (f"training.stages.{last}.synthetic={{{shares}}}",)}
    own, other = defaultdict(list), defaultdict(list)
    print(f"{'':<10}{'seed':>6}{'AUC on its own test split':>28}{'on the other generator':>26}")
    for seed in arguments.seeds:
        for recipe, changes in recipes.items():
            name = f"blend-{recipe}"
            run = train(
                arguments.config, records, work / "workspace", name, seed, (*arguments.changes, *changes)
            )
            measured = command(
                "evaluate", run["pushed_to"], "--data", arguments.other, "--workspace", work / "workspace"
            )
            own[recipe].append(test_auc(run))
            other[recipe].append(test_auc(measured))
            print(f"{recipe:<10}{seed:>6}{own[recipe][-1]:>28.3f}{other[recipe][-1]:>26.3f}", flush=True)
    for recipe in recipes:
        print(f"{recipe:<16}{told(own[recipe]):>28}{told(other[recipe]):>26}")
    without, blended = (statistics.mean(other[recipe]) - 0.5 for recipe in recipes)
    print(f"ratio of (AUC - 0.5) on the other generator, with over without  {blended / without:.2f}")


def _records(faces: Path, work: Path) -> Path:
    """The imported faces, with a span of children for each of the makers."""
    records = work / "records"
    if is_imported(records):
        return records
    command("data", "import", faces, "--out", records)
    reals = read_card(records).splits["train"]["real"]
    for span, maker in enumerate(_SHARES, start=2):
        made = work / maker
        command(
            *("data", "synthesize", "--maker", maker, "--from", records, "--out", made),
            *("--count", str(reals), "--seed", "1"),
        )
        command("data", "import", made / "manifest.jsonl", "--out", records, "--span", str(span))
    return records


if __name__ == "__main__":
    main()
