"""The two passes of an import over the images, on Beam.

Everything a worker runs is a top-level function or class of an importable module, so that both of Beam's
picklers (dill and cloudpickle) carry it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from data.decode_check import Limits, inspect_file
from data.inspection import Inspected
from data.progress import Progress, reported, tick
from data.quarantine import RejectedImageError
from data.shards import Shard, write_shard
from data.sources.base import SourceImage


def inspect_images(
    images: Sequence[SourceImage],
    limits: Limits,
    beam_args: Sequence[str],
    scratch: Path,
    progress: Progress | None = None,
) -> list[Inspected]:
    """Pass 1: looks at every image, in parallel; only small facts come back.

    Args:
        images: the images to look at.
        limits: largest image and file accepted.
        beam_args: Beam pipeline arguments.
        scratch: an empty folder that all workers can write to.
        progress: told of each step, see :mod:`data.progress`.

    Returns:
        One item an image, ordered by name.
    """
    inspect = _Inspect(limits, str(scratch / "inspected.tally"))
    with reported(progress, "inspect", len(images), Path(inspect.tally)):
        lines = _run(images, inspect, beam_args, scratch / "inspected")
    return sorted(map(Inspected.from_json, lines), key=lambda item: item.image.name)


def write_shards(
    shards: Sequence[Shard],
    folder: Path,
    max_bytes: int,
    beam_args: Sequence[str],
    scratch: Path,
    progress: Progress | None = None,
) -> list[dict]:
    """Pass 2: writes the shards into ``folder``, in parallel; a worker holds one image at a time.

    Returns:
        What :func:`data.shards.write_shard` says of each shard, ordered by split and number.
    """
    write = _Write(str(folder), max_bytes, str(scratch / "written.tally"))
    with reported(progress, "write", sum(len(shard.images) for shard in shards), Path(write.tally)):
        lines = _run(shards, write, beam_args, scratch / "written")
    by_file = {result["file"]: result for result in map(json.loads, lines)}
    return [by_file[shard.file] for shard in shards]


class _Inspect(beam.DoFn):
    """SourceImage to a line of :meth:`Inspected.to_json`."""

    def __init__(self, limits: Limits, tally: str):
        super().__init__()
        self.limits = limits
        self.tally = tally

    def process(self, element: SourceImage):
        try:
            result = Inspected(element, facts=inspect_file(element.path, self.limits))
        except RejectedImageError as rejected:
            result = Inspected(element, reason=rejected.reason, detail=rejected.detail)
        tick(self.tally)
        yield result.to_json()


class _Write(beam.DoFn):
    """Shard to the line that :func:`write_shard` returns."""

    def __init__(self, folder: str, max_bytes: int, tally: str):
        super().__init__()
        self.folder = folder
        self.max_bytes = max_bytes
        self.tally = tally

    def process(self, element: Shard):
        yield write_shard(element, self.folder, self.max_bytes)
        tick(self.tally, len(element.images))


def _run(elements: Sequence, do: beam.DoFn, beam_args: Sequence[str], output: Path) -> list[str]:
    """Applies ``do`` to each element and returns the lines it yields, in no particular order."""
    with beam.Pipeline(options=PipelineOptions(list(beam_args))) as pipeline:
        _ = (
            pipeline
            | "List" >> beam.Create(list(elements))
            | "Spread over workers" >> beam.Reshuffle()
            | type(do).__name__.strip("_") >> beam.ParDo(do).with_output_types(str)
            | "Collect" >> beam.io.WriteToText(str(output), file_name_suffix=".jsonl")
        )
    lines = []
    for part in sorted(output.parent.glob(f"{output.name}-*.jsonl")):
        lines.extend(part.read_text(encoding="utf-8").splitlines())
    return lines
