"""`deepfake-inspector data …`: from images to records, their subsets, their audit, and images made of them."""

import click

from pipeline.commands.data.audit import audit
from pipeline.commands.data.demo import draw
from pipeline.commands.data.importing import import_
from pipeline.commands.data.subset import subset
from pipeline.commands.data.synthesize import synthesize


@click.group(short_help="Import, audit, subset and extend data sets, or draw a small one.")
def data() -> None:
    """Imports data sets, audits them, takes subsets of them, makes further images of them, and draws a small one."""


for _command in (import_, audit, subset, synthesize, draw):
    data.add_command(_command)
