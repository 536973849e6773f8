"""What do more workers and a Flink bring to an import, and what does a worker pool cost?

    python benchmarks/beam_workers.py [--images 2000 20000] [--nodes 300] [--only scaling|pool|nodes] [--keep FOLDER]

Three tables, on engines that it starts and stops itself (`deepfake-inspector beam start`):

scaling  import, on 1 and 2 workers, in Beam's own runner and on a Flink cluster: images/s, and times the first row.
pool     import of the largest number on one Flink with 2 workers: a worker pool beside work in the calling process
         (LOOPBACK). Claimed: at least 0.9 of its images/s at 20,000 images.
nodes    ImportExampleGen, StatisticsGen and Transform, by TFX, on so few images that the fixed cost is nearly all:
         LOOPBACK, our worker pool, and Beam's own, whose workers import TFX at each start.

Each measurement is a process of its own, and leaves out the imports of that process. On a machine that does other
things the numbers say little: look at `load`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from drawn_photos import draw_photos

# The benchmark serving.py beside this file would be taken for the package of that name.
sys.path.pop(0)

from pipeline.beam.local.pools import pool_environment
from pipeline.beam.local.processes import answers, free_ports, start, stop, wait_until
from pipeline.beam.local.starting import start_engine, stop_engine

_LARGEST_SLOT_S = 3600


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[2000, 20000])
    parser.add_argument("--nodes", type=int, default=300)
    parser.add_argument("--only", choices=["scaling", "pool", "nodes"])
    parser.add_argument("--keep", type=Path, help="where the drawn images stay for another run")
    parser.add_argument("--measure", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(_measure(**arguments.measure)))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        # Never the engines that somebody else uses.
        os.environ["XDG_STATE_HOME"] = str(Path(scratch) / "state")
        folder = arguments.keep or Path(scratch)
        if arguments.only in (None, "scaling"):
            _scaling(folder, arguments.images)
        if arguments.only in (None, "pool"):
            _pool(folder, arguments.images[-1])
        if arguments.only in (None, "nodes"):
            _nodes(folder, arguments.nodes, Path(scratch))
    return 0


def _scaling(folder: Path, counts: list[int]) -> None:
    print(
        f"{'import':<16} {'images':>7} {'workers':>7} {'seconds':>8} {'images/s':>9} {'times':>6} {'load':>6}"
    )
    sources = {count: draw_photos(folder / str(count), count) for count in counts}
    first = {}
    for where, workers in (("direct", 1), ("direct-processes", 2), ("flink", 1), ("flink", 2)):
        engine = start_engine("flink-cluster", workers) if where == "flink" else None
        try:
            for count in counts:
                seconds = _in_a_process(sources[count], where, workers)
                rate = count / seconds
                times = rate / first.setdefault(count, rate)
                row = f"{where:<16} {count:>7} {workers:>7} {seconds:>8.1f} {rate:>9.0f} {times:>6.2f} {_load():>6}"
                print(row, flush=True)
        finally:
            if engine:
                stop_engine(engine)


def _pool(folder: Path, count: int) -> None:
    source, rates = draw_photos(folder / str(count), count), {}
    for name, pool in (("LOOPBACK", False), ("worker pool", True)):
        engine = start_engine("flink", 2, pool=pool)
        try:
            rates[name] = count / _in_a_process(source, "flink", 2)
        finally:
            stop_engine(engine)
        print(
            f"{name:<12} {count} images on 2 workers: {rates[name]:.0f} images/s, load {_load()}", flush=True
        )
    print(f"pool / LOOPBACK  {rates['worker pool'] / rates['LOOPBACK']:.2f}")


def _nodes(folder: Path, count: int, scratch: Path) -> None:
    source = draw_photos(folder / str(count), count)
    records = scratch / "records"
    _in_a_process(source, "direct", 1, out=str(records))
    for name in ("direct", "LOOPBACK", "worker pool", "Beam's own pool"):
        engine = None if name == "direct" else start_engine("flink", 2, pool=name == "worker pool")
        pool, own = None, []
        try:
            if name.startswith("Beam"):
                pool, own = _beams_own_pool(scratch)
            where = "direct" if name == "direct" else "flink"
            seconds = _in_a_process(records, where, 2, work="nodes", worker_pool=pool)
        finally:
            stop(own)
            if engine:
                stop_engine(engine)
        print(f"{name:<16} three nodes, {count} images: {seconds:.1f} s, load {_load()}", flush=True)


def _beams_own_pool(scratch: Path):
    [port] = free_ports(1)
    command = [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", f"--service_port={port}"]
    process = start("beams pool", command, scratch, pool_environment())
    wait_until(lambda: answers("localhost", port), process, 120)
    return f"localhost:{port}", [process]


def _in_a_process(source: Path, where: str, workers: int, **more) -> float:
    what = {"source": str(source), "where": where, "workers": workers} | more
    command = [sys.executable, __file__, "--measure", json.dumps(what)]
    done = subprocess.run(command, check=False, capture_output=True, timeout=_LARGEST_SLOT_S)
    if done.returncode:
        sys.exit(f"{what} failed:\n{done.stderr.decode(errors='replace')[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _load() -> str:
    """Processes that wanted a core in the last minute, by core."""
    return f"{os.getloadavg()[0] / len(os.sched_getaffinity(0)):.1f}"


def _measure(
    source: str,
    where: str,
    workers: int,
    work: str = "import",
    out: str | None = None,
    worker_pool: str | None = None,
) -> float:
    """Seconds."""
    from pipeline.beam import beam_args
    from pipeline.beam.settings import BeamSettings

    arguments = beam_args(BeamSettings(profile=where, parallelism=workers, worker_pool=worker_pool))
    with tempfile.TemporaryDirectory() as scratch:
        if work == "import":
            return _import(Path(source), Path(out or f"{scratch}/records"), arguments)
        return _run_nodes(Path(source), Path(scratch), arguments)


def _import(source: Path, out: Path, arguments: list[str]) -> float:
    import tensorflow  # noqa: F401 - imports are not part of the measurement

    from data import beam_passes  # noqa: F401
    from data.importing import import_images
    from data.options import ImportOptions

    started = time.perf_counter()
    import_images(source, out, ImportOptions(beam_args=tuple(arguments)))
    return time.perf_counter() - started


def _run_nodes(records: Path, folder: Path, arguments: list[str]) -> float:
    from tfx import v1 as tfx
    from tfx.components.transform import executor  # noqa: F401 - likewise
    from tfx.orchestration.pipeline import RunOptions

    from data.record_folder import split_pattern
    from data.schema import SCHEMA_FILE
    from pipeline.config import PipelineConfig
    from pipeline.graph import create_pipeline
    from pipeline.inputs import Inputs

    pipeline = create_pipeline(
        PipelineConfig.model_validate({"model": {"weights": "none"}}),
        Inputs(str(records), str(records / SCHEMA_FILE), split_pattern(records)),
        pipeline_root=str(folder / "root"),
        push_to=str(folder / "models"),
        training_dir=None,
        metadata=tfx.orchestration.metadata.sqlite_metadata_connection_config(str(folder / "metadata")),
        beam_args=arguments,
    )
    started = time.perf_counter()
    tfx.orchestration.LocalDagRunner().run(pipeline, run_options=RunOptions(to_nodes=["Transform"]))
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
