"""`deepfake-inspector kubeflow …`: the same pipeline on Kubeflow Pipelines."""

import click

from pipeline.commands.kubeflow.execute import execute


@click.group(short_help="The same pipeline on Kubeflow Pipelines.")
def kubeflow() -> None:
    """Runs the pipeline on Kubeflow Pipelines, or a compiled one here as Kubeflow would."""


for _command in (execute,):
    kubeflow.add_command(_command)
