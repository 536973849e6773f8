"""What does each step of a run cost, for the run and for each image? `estimate` reckons with these figures.

    python benchmarks/run_costs.py FOLDER [--sizes 200 800] [--set KEY=VALUE …]

FOLDER holds `real/` and `fake/`. Runs the pipeline on the first images of both, once a size, with a frozen stage
of one epoch. Prints for each node the processor seconds (all threads, and processes it has started: what else the
machine does then matters little) and the wall time at each size, the straight line through the processor seconds, the
kilobytes it has left on disk for each image, and the peak of the resident memory up to then.
"""

import argparse
import itertools
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Before this folder, whose serving.py is not the package.
sys.path.insert(0, str(Path(__file__).parents[1]))

# isort: split
from data.importing import import_images
from pipeline.config import load_config
from pipeline.node_events import NodeEvent, NodeState
from pipeline.runners.local import run_local
from pipeline.terminal.library_output import library_output_to
from pipeline.workspace import Workspace

_SETTINGS = (
    "model.weights=none",
    "training.stages=[{name: frozen, trainable: none, epochs: 1}]",
    "evaluation.bounds=[{metric: accuracy, at_least: 0.0}]",
)


class _Costs:
    """Processor seconds, wall seconds and peak memory in MB of each node, by name."""

    def __init__(self):
        self.of: dict[str, tuple[float, float, float]] = {}
        self._began = (0.0, 0.0)

    def __call__(self, event: NodeEvent) -> None:
        if event.state is NodeState.RUNNING and not event.progress:
            self._began = (_processor_seconds(), time.monotonic())
        elif event.state is NodeState.DONE:
            spent = _processor_seconds() - self._began[0], time.monotonic() - self._began[1]
            self.of[event.node] = (*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def main() -> None:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs=2, default=[200, 800], help="images, the smaller first")
    parser.add_argument(
        "--set", dest="overrides", action="append", default=[], help="changes the configuration"
    )
    arguments = parser.parse_args()
    costs, kilobytes = [], {}
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            found = _Costs()
            costs.append(found.of)
            kilobytes = _run(arguments.folder, size, arguments.overrides, Path(scratch), found)
    small, large = arguments.sizes
    print(
        f"{'':<18}{'processor s at':>16}{'wall s at':>16}{'fixed':>9}{'an image':>11}{'on disk':>12}{'peak':>10}"
    )
    print(f"{'':<18}{small:>8}{large:>8}{small:>8}{large:>8}{'s':>9}{'ms':>11}{'KB an image':>12}{'MB':>10}")
    for node, (more, longer, peak) in costs[1].items():
        less, shorter, _ = costs[0][node]
        slope = (more - less) / (large - small)
        print(
            f"{node:<18}{less:8.1f}{more:8.1f}{shorter:8.1f}{longer:8.1f}{less - slope * small:9.1f}"
            f"{1000 * slope:11.2f}{kilobytes.get(node, 0):12.1f}{peak:10.0f}"
        )
    print(f"records of the import: {kilobytes['records']:.1f} KB an image")


def _run(folder: Path, size: int, overrides: list[str], scratch: Path, costs: _Costs) -> dict[str, float]:
    """Runs the pipeline once; kilobytes an image that each node, and the import, has left."""
    workspace = Workspace.create(scratch / "workspace")
    chosen = scratch / "chosen"
    for label in ("real", "fake"):
        (chosen / label).mkdir(parents=True)
        files = sorted(path for path in (folder / label).rglob("*") if path.is_file())
        for number, path in enumerate(itertools.islice(files, size // 2)):
            (chosen / label / f"{number}{path.suffix}").symlink_to(path.resolve())
    with library_output_to(scratch / "log"):
        records = workspace.records / "chosen"
        import_images(chosen, records)
        run_local(load_config("mini", [*_SETTINGS, *overrides]), records, workspace, costs)
    sizes = {node: _bytes(workspace.artifacts / node) / size / 1e3 for node in costs.of}
    return sizes | {"records": _bytes(records) / size / 1e3}


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _processor_seconds() -> float:
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in spent)


if __name__ == "__main__":
    main()
