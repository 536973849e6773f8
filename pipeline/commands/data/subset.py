"""`deepfake-inspector data subset`."""

import dataclasses
import json
import tempfile
from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="Take the mini, middle, big or full subset.")
@click.argument("name", type=click.Choice(["mini", "middle", "big", "full"]))
@click.argument("records", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the subset goes."
)
@click.option("--seed", type=click.IntRange(min=0), default=42, show_default=True, help="Draws other images.")
@options.as_json
def subset(name: str, records: Path, out: Path, seed: int, as_json: bool) -> None:
    """Copies a subset of imported RECORDS: mini (1,068 images, half of them real), middle (5,517, 54 % real), big
    (11,000, half real) or full (all).

    Each holds the one before it, if both are taken from the same records with the same seed. Groups of near copies
    are never split, and each image keeps its split.
    """
    from rich.console import Console

    from pipeline.terminal.library_output import library_output_to
    from pipeline.terminal.step_view import step_view

    with tempfile.TemporaryDirectory() as scratch, library_output_to(Path(scratch) / "log") as person:
        from data.card_text import card_text
        from data.subset_records import write_subset

        with step_view(Console(file=person)) as progress:
            cards = write_subset(name, records, out, seed, progress)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(card) for card in cards]))
    else:
        click.echo("\n\n".join(map(card_text, cards)))
