"""A run that leaves out one source: under names of its own, on records of its own."""

import hashlib
import re
from pathlib import Path

from data.card import is_imported
from data.content_hash import content_hash
from data.left_out import LeftOut, count_left_out, write_left_out
from data.progress import Progress
from pipeline.config import PipelineConfig
from pipeline.workspace import Workspace

_LONGEST_NAME = 40


def config_without(config: PipelineConfig, source: str) -> PipelineConfig:
    """The configuration of a run that leaves out a source.

    It differs in its names alone. A model that knows less is no candidate for what is served, no baseline for later
    ones, and its data is not to be compared with that of the served model.

    Args:
        config: of the whole, without phases.
        source: name of the source.
    """
    digest = hashlib.sha256(source.encode(errors="surrogateescape")).hexdigest()[:8]
    ending = f"-without-{digest}"
    readable = re.sub(r"[^A-Za-z0-9_-]", "", source)
    if readable != source:
        # Two sources must not come to one name.
        readable += digest
    return config.model_copy(
        update={
            "name": config.name[: _LONGEST_NAME - len(ending)] + ending,
            "model_name": f"{config.model_name}-without-{readable}",
        }
    )


def records_without(
    source: str, records: Path, workspace: Workspace, progress: Progress
) -> tuple[Path, LeftOut]:
    """The records of a run that leaves out a source, written if they are not there yet.

    Args:
        source: its name.
        records: an imported data set.
        workspace: takes the copy; the same records without the same source are found again.
        progress: called as ``progress("copy", done, total)``.

    Raises:
        BadInputError: see `data.left_out.write_left_out`.
    """
    left_out = count_left_out(source, records)
    decides = f"{content_hash(records)}:{source}".encode(errors="surrogateescape")
    folder = workspace.records / f"{records.name}-without-{hashlib.sha256(decides).hexdigest()[:8]}"
    if not is_imported(folder):
        write_left_out(source, records, folder, progress)
    return folder, left_out


def left_out_text(left_out: LeftOut) -> str:
    """A line or two on what is left out, for a person."""
    of_source = " and ".join(f"{count:,} of {split}" for split, count in left_out.images.items())
    text = f"left out   {left_out.source}: {of_source or 'no image of train or val'}"
    if left_out.related:
        related = " and ".join(f"{count:,} of {split}" for split, count in left_out.related.items())
        text += f"; with them, as they are in groups with its test images, {related}"
    kept = ", ".join(f"{count:,} {split}" for split, count in left_out.kept.items())
    return (
        f"{text}\nkept       {kept}, {left_out.tested:,} of these test images of {left_out.source}: the slice "
        f"source={left_out.source} is cross-source"
    )
