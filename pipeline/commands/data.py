"""`deepfake-inspector data …`: from images to records."""

import dataclasses
import json
import tempfile
from pathlib import Path

import click

from pipeline.commands import options


@click.group(short_help="Import data sets, or draw a small one.")
def data() -> None:
    """Imports data sets and draws a small one."""


@data.command("import")
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--layout", default="auto", show_default=True, help="How the source is laid out: auto or folder."
)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the records go."
)
@click.option("--seed", type=click.IntRange(min=0), default=42, show_default=True, help="Draws the splits.")
@click.option(
    "--max-quarantined-share",
    default=0.05,
    show_default=True,
    help="Stop when a larger share of the files is unusable.",
)
@options.as_json
def import_(
    source: Path, layout: str, out: Path, seed: int, max_quarantined_share: float, as_json: bool
) -> None:
    """Imports SOURCE into TFRecords, with a dataset card and a list of the files that were refused.

    SOURCE holds real/ and fake/ with JPEG or PNG files, nested as you like; the first folder below fake/ names
    the method the fakes were made with. Near copies stay in one split.
    """
    from rich.console import Console

    from data.options import ImportOptions
    from pipeline.terminal.library_output import library_output_to
    from pipeline.terminal.step_view import step_view

    import_options = ImportOptions(layout=layout, seed=seed, max_quarantined_share=max_quarantined_share)
    with tempfile.TemporaryDirectory() as scratch, library_output_to(Path(scratch) / "log") as person:
        from data.importing import import_images

        with step_view(Console(file=person)) as progress:
            card = import_images(source, out, import_options, progress)
    click.echo(json.dumps(dataclasses.asdict(card)) if as_json else card.summary())


@data.command("demo")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder.")
@click.option("--count", default=1000, show_default=True, help="Images, half of them fake.")
@click.option("--size", default=96, show_default=True, help="Width and height, in pixels.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed draws other faces."
)
def draw(out: Path, count: int, size: int, seed: int) -> None:
    """Draws cartoon faces and tampers with half of them: a data set to try the pipeline with."""
    from rich.console import Console

    from data.demo_faces import draw_demo_set
    from pipeline.terminal.step_view import step_view

    with step_view(Console(stderr=True)) as progress:
        draw_demo_set(out, count, seed, size, progress)
    click.echo(str(out))
