"""The two passes of an import over the images, on Beam.

Everything a worker runs is a top-level function or class of an importable module, so that both of Beam's
picklers (dill and cloudpickle) carry it. Workers exchange files, and Beam only carries their paths: what it holds in
memory does not grow with the images.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions

from data.image_table import make_table
from data.images.decode_check import Limits
from data.inspection import inspect_listing
from data.listing import read_rows, write_listing
from data.progress import Progress, reported, tick
from data.shards import Shard, ShardWriter
from data.sources.base import ImageSource


def inspect_images(
    source: ImageSource,
    limits: Limits,
    beam_args: Sequence[str],
    scratch: Path,
    progress: Progress | None = None,
) -> pa.Table:
    """Pass 1: looks at every image, in parallel; only small facts come back.

    Args:
        source: the images to look at.
        limits: what is refused.
        beam_args: Beam pipeline arguments.
        scratch: an empty folder that all workers can write to.
        progress: told of each step, see :mod:`data.progress`.

    Returns:
        A row an image, see :mod:`data.image_table`, in the order of the source.
    """
    listings, count = write_listing(source, scratch)
    inspect = _Inspect(limits, str(scratch / "inspected.tally"))
    with reported(progress, "inspect", count, Path(inspect.tally)):
        _run(list(map(str, listings)), inspect, beam_args, scratch / "inspect")
    inspected = sorted(scratch.glob("inspected-*.jsonl"))
    return make_table(row for path in inspected for row in read_rows(path))


def write_shards(
    shards: Sequence[Shard],
    writer: ShardWriter,
    beam_args: Sequence[str],
    scratch: Path,
    progress: Progress | None = None,
) -> list[dict]:
    """Pass 2: writes the shards, in parallel; a worker holds one image at a time.

    Returns:
        What :meth:`data.shards.ShardWriter.write` says of each shard, in their order.
    """
    write = _Write(writer, str(scratch / "written.tally"))
    with reported(progress, "write", sum(shard.images for shard in shards), Path(write.tally)):
        lines = _run(shards, write, beam_args, scratch / "written")
    by_file = {result["file"]: result for result in map(json.loads, lines)}
    return [by_file[shard.file] for shard in shards]


class _Inspect(beam.DoFn):
    """Path of a listing to the path of what was found."""

    def __init__(self, limits: Limits, tally: str):
        super().__init__()
        self.limits = limits
        self.tally = tally

    def process(self, element: str):
        result = inspect_listing(Path(element), self.limits, on_image=self._tick)
        yield str(result)

    def _tick(self) -> None:
        tick(self.tally)


class _Write(beam.DoFn):
    """Shard to the line that :meth:`ShardWriter.write` returns."""

    def __init__(self, writer: ShardWriter, tally: str):
        super().__init__()
        self.writer = writer
        self.tally = tally

    def process(self, element: Shard):
        yield self.writer.write(element)
        tick(self.tally, element.images)


def _run(elements: Sequence, do: beam.DoFn, beam_args: Sequence[str], output: Path) -> list[str]:
    """Applies ``do`` to each element and returns the lines it yields, in no particular order."""
    with beam.Pipeline(options=PipelineOptions(list(beam_args))) as pipeline:
        _ = (
            pipeline
            | "List" >> beam.Create(list(elements))
            | "Spread over workers" >> beam.Reshuffle()
            | type(do).__name__.strip("_") >> beam.ParDo(do).with_output_types(str)
            | "Collect" >> beam.io.WriteToText(str(output), file_name_suffix=".lines")
        )
    lines = []
    for part in sorted(output.parent.glob(f"{output.name}-*.lines")):
        lines.extend(part.read_text(encoding="utf-8").splitlines())
    return lines
