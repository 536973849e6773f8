"""Trainings under several seeds through the command line, for benchmarks that hold two recipes against each other."""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_COMMAND = Path(sys.executable).with_name("deepfake-inspector")


def parser(description: str, seeds: Sequence[int]) -> argparse.ArgumentParser:
    """The arguments that such benchmarks share: `faces`, `config`, `seeds`, `changes` and `work`.

    Args:
        description: of the benchmark, a sentence.
        seeds: the default.
    """
    made = argparse.ArgumentParser(description=description)
    made.add_argument("faces", type=Path)
    made.add_argument("--config", required=True, help="name or file of a configuration")
    made.add_argument("--seeds", type=int, nargs="+", default=list(seeds))
    made.add_argument(
        "--set", dest="changes", action="append", default=[], help="changes the configuration of both"
    )
    made.add_argument("--work", type=Path, help="is kept, and gone on with; default: a folder that is not")
    return made


def command(*arguments: str | Path) -> Any:
    """What a command answers in JSON; its progress goes to standard error.

    Raises:
        CalledProcessError: it failed.
    """
    answered = subprocess.run([_COMMAND, *arguments, "--json"], check=True, stdout=subprocess.PIPE)
    return json.loads(answered.stdout)


def train(
    config: str, records: Path, workspace: Path, name: str, seed: int, changes: Sequence[str]
) -> dict[str, Any]:
    """Runs the whole pipeline under a seed; what `run --json` says. The model is called NAME-SEED.

    Args:
        config: name or file of a configuration.
        records: imported records.
        workspace: shared by all runs, so that what does not depend on the seed is made once.
        name: of the recipe.
        seed: of the training.
        changes: `key=value` each, as `--set` takes them.
    """
    own = (f"training.seed={seed}", f"name={name}-{seed}", f"model_name={name}-{seed}")
    sets = [argument for change in (*changes, *own) for argument in ("--set", change)]
    return command("run", "--config", config, "--data", records, "--workspace", workspace, *sets)


def test_auc(answer: dict[str, Any]) -> float:
    """AUC over all images of what `run --json` or `evaluate --json` says."""
    return answer["slices"][0]["auc"]


def told(values: Sequence[float]) -> str:
    """Mean and standard deviation (n - 1), in words."""
    deviation = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{deviation}"
