"""`deepfake-inspector data import`."""

import dataclasses
import json
import tempfile
from pathlib import Path

import click

from data.defaults import MARGIN, MAX_QUARANTINED_SHARE
from data.images.shape import SMALLEST_FACE
from pipeline.commands import options

_LAYOUTS = ("auto", "folder", "kaggle", "openforensics", "csv", "jsonl")


@click.command("import", short_help="Import a data set into TFRecords.")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the records go."
)
@click.option(
    "--layout",
    type=click.Choice(_LAYOUTS),
    default="auto",
    show_default=True,
    help="How the source is laid out; auto tells by its files.",
)
@click.option(
    "--span",
    type=click.IntRange(min=1),
    help="Number of the delivery, to add to what is there: near copies of earlier images join their split.",
)
@click.option("--seed", type=click.IntRange(min=0), default=42, show_default=True, help="Draws the splits.")
@click.option("--resplit", is_flag=True, help="Deal new splits although the data set has its own.")
@click.option(
    "--drop-leaks", is_flag=True, help="Leave out of training what has a near copy in a later official split."
)
@click.option("--strict", is_flag=True, help="Stop when a cue such as the file size tells the label.")
@options.max_cue_auc
@click.option("--harmonise", is_flag=True, help="Save every image alike: same size, format and quality.")
@click.option(
    "--harmonise-size",
    type=click.IntRange(min=SMALLEST_FACE),
    help="Its size; default: the smallest image's, at most 256.",
)
@click.option(
    "--harmonise-quality",
    type=click.IntRange(1, 100),
    help="Its JPEG quality; default: the lowest found, from 50 to 90.",
)
@click.option(
    "--margin",
    type=click.FloatRange(0.0, 2.0),
    default=MARGIN,
    show_default=True,
    help="What is added around the box of a face, as a share of it on each side (openforensics).",
)
@click.option(
    "--smallest-face",
    type=click.IntRange(min=16),
    default=SMALLEST_FACE,
    show_default=True,
    help="Least pixels of an image's shorter side; travels with the model.",
)
@click.option("--allow-grey", is_flag=True, help="Keep images without colour.")
@click.option(
    "--max-quarantined-share",
    type=click.FloatRange(0.0, 1.0),
    default=MAX_QUARANTINED_SHARE,
    show_default=True,
    help="Stop when a larger share of the images is unusable.",
)
@click.option(
    "--extend-schema", is_flag=True, help="With --span: let the schema know the new sources and values."
)
@options.beam
@click.option(
    "--beam-set",
    "beam_changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="What `beam.KEY` of a configuration sets, such as job_endpoint=HOST:PORT; repeatable.",
)
@options.as_json
def import_(
    source: Path,
    out: Path,
    layout: str,
    span: int | None,
    seed: int,
    resplit: bool,
    drop_leaks: bool,
    strict: bool,
    max_cue_auc: float,
    harmonise: bool,
    harmonise_size: int | None,
    harmonise_quality: int | None,
    margin: float,
    smallest_face: int,
    allow_grey: bool,
    max_quarantined_share: float,
    extend_schema: bool,
    beam: str | None,
    beam_changes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Imports SOURCE into TFRecords, with a dataset card and a list of the images that were refused.

    SOURCE is a folder, a zip archive (read in place) or a list of images:

    \b
    folder         real/ and fake/ with JPEG or PNG files, nested as you like;
                   the first folder below fake/ names the method
    kaggle         "deepfake and real images": Train, Validation, Test
    openforensics  Train_poly.json, Val_poly.json …, and the images beside them
    csv, jsonl     path, label, and if you like split, group, method, source;
                   synthetic_* of images made of others, as `data synthesize`
                   lists them, which join the splits of those;
                   further columns become slices of the evaluation

    Near copies stay in one split.
    """
    from rich.console import Console

    from data.images.decode_check import Limits
    from data.options import HarmoniseOptions, ImportOptions
    from pipeline.beam import beam_args
    from pipeline.beam.profiles import DIRECT
    from pipeline.config import beam_settings
    from pipeline.terminal.library_output import library_output_to
    from pipeline.terminal.step_view import step_view

    if extend_schema and (span is None or span < 2):
        raise click.UsageError("--extend-schema goes with --span 2 or later: a first span makes the schema.")
    wants_form = harmonise or harmonise_size or harmonise_quality
    import_options = ImportOptions(
        layout=layout,
        margin=margin,
        seed=seed,
        official_splits=not resplit,
        drop_leaks=drop_leaks,
        max_quarantined_share=max_quarantined_share,
        limits=Limits(smallest_face=smallest_face, grey_allowed=allow_grey),
        max_cue_auc=max_cue_auc,
        strict=strict,
        harmonise=HarmoniseOptions(harmonise_size, harmonise_quality) if wants_form else None,
        extend_schema=extend_schema,
        beam_args=tuple(beam_args(beam_settings(beam or DIRECT, beam_changes))),
    )
    with tempfile.TemporaryDirectory() as scratch, library_output_to(Path(scratch) / "log") as person:
        from data.card_text import card_text
        from data.importing import import_images

        with step_view(Console(file=person)) as progress:
            card = import_images(source, out, import_options, progress, span)
    click.echo(json.dumps(dataclasses.asdict(card)) if as_json else card_text(card))
