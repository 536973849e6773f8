"""`deepfake-inspector data demo`."""

from pathlib import Path

import click


@click.command("demo", short_help="Draw a small data set.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder.")
@click.option("--count", default=1000, show_default=True, help="Images, half of them fake.")
@click.option("--size", default=96, show_default=True, help="Width and height, in pixels.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed draws other faces."
)
def draw(out: Path, count: int, size: int, seed: int) -> None:
    """Draws cartoon faces and tampers with half of them: a data set to try the pipeline with."""
    from rich.console import Console

    from data.demo.faces import draw_demo_set
    from pipeline.terminal.step_view import step_view

    with step_view(Console(stderr=True)) as progress:
        draw_demo_set(out, count, seed, size, progress)
    click.echo(str(out))
