"""`deepfake-inspector kubeflow …`: the same pipeline on Kubeflow Pipelines."""

import click

from pipeline.commands.kubeflow.compile import compile_
from pipeline.commands.kubeflow.execute import execute
from pipeline.commands.kubeflow.lint import lint
from pipeline.commands.kubeflow.submit import submit


@click.group(short_help="Run the pipeline on Kubeflow Pipelines.")
def kubeflow() -> None:
    """Runs the same pipeline on Kubeflow Pipelines."""


for _command in (compile_, lint, execute, submit):
    kubeflow.add_command(_command)
