"""`deepfake-inspector beam …`: which engine fits, and a Flink or Spark on this machine to try."""

import click

from pipeline.commands.beam.profiles import profiles
from pipeline.commands.beam.start import start
from pipeline.commands.beam.status import status
from pipeline.commands.beam.stop import stop


@click.group(short_help="Start or stop a local Flink or Spark; explain the Beam profiles.")
def beam() -> None:
    """Starts and stops a Flink or Spark on this machine, and explains where Beam's work can be done."""


for _command in (profiles, start, status, stop):
    beam.add_command(_command)
