"""`deepfake-inspector data …`: from images to records, their subsets and their audit."""

import click

from pipeline.commands.data.audit import audit
from pipeline.commands.data.demo import draw
from pipeline.commands.data.importing import import_
from pipeline.commands.data.subset import subset


@click.group(short_help="Import, audit and subset data sets, or draw a small one.")
def data() -> None:
    """Imports data sets, audits them, takes subsets of them, and draws a small one."""


for _command in (import_, audit, subset, draw):
    data.add_command(_command)
