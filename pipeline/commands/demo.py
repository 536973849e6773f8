"""`deepfake-inspector demo`: everything once, on drawn faces."""

from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="Run everything once, on drawn faces.")
@options.workspace
def demo(workspace: Path) -> int:
    """Draws faces, runs the whole pipeline on them, serves the model and asks it about two test images.

    Takes about five minutes on two cores, and needs no data, no pretrained weights and no network.
    """
    from pipeline.demo import run_demo
    from pipeline.workspace import Workspace

    return 0 if run_demo(Workspace.create(workspace)) else 1
