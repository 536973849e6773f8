"""`deepfake-inspector vertex …`: the same pipeline on Vertex AI Pipelines."""

import click

from pipeline.commands.vertex.compile import compile_
from pipeline.commands.vertex.submit import submit


@click.group(short_help="Run the pipeline on Vertex AI Pipelines.")
def vertex() -> None:
    """Runs the same pipeline on Vertex AI Pipelines."""


for _command in (compile_, submit):
    vertex.add_command(_command)
