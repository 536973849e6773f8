"""The command `deepfake-inspector`. Imports TFX and TensorFlow only inside the commands that need them."""

import sys

import click

from components.errors import (
    DataAnomalyError,
    HardwareError,
    ObjectiveError,
    TrainingStoppedError,
    WeightsError,
)
from data.errors import BadInputError as BadDataError
from data.errors import MakerError
from pipeline.commands.beam import beam
from pipeline.commands.calibrate import calibrate
from pipeline.commands.data import data
from pipeline.commands.demo import demo
from pipeline.commands.doctor import doctor
from pipeline.commands.estimate import estimate
from pipeline.commands.evaluate import evaluate
from pipeline.commands.explain import explain
from pipeline.commands.history import history
from pipeline.commands.kubeflow import kubeflow
from pipeline.commands.monitor import monitor
from pipeline.commands.predict import predict
from pipeline.commands.report import report
from pipeline.commands.run import run
from pipeline.commands.serve import serve
from pipeline.commands.vertex import vertex
from pipeline.errors import ConfigError, RunError
from serving.errors import BadInputError as BadRequestError
from serving.errors import ServingError

_WORK_FAILED, _INPUT_WRONG, _INTERRUPTED, _TERMINATED = 1, 2, 130, 143
_USER_MISTAKES = (
    *(ConfigError, BadDataError, BadRequestError),
    *(DataAnomalyError, HardwareError, ObjectiveError, WeightsError),
)
_FAILURES = (RunError, ServingError, MakerError)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="deepfake-inspector")
def cli() -> None:
    """Tells real face images from deepfakes: train, evaluate, serve and ask a detector.

    Exit codes: 0 done, 1 the work failed, 2 the input was wrong, 130 and 143 stopped by Ctrl-C and by SIGTERM.
    """


for _command in (
    *(doctor, data, run, report, history),
    *(serve, predict, explain, calibrate, evaluate, monitor, estimate, demo),
    *(beam, kubeflow, vertex),
):
    cli.add_command(_command)


def main() -> None:
    """Runs the command line; ends the process with the exit code."""
    sys.exit(_exit_code())


def _exit_code() -> int:
    try:
        return cli.main(standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return _INPUT_WRONG
    except _USER_MISTAKES as error:
        click.echo(f"Error: {error}", err=True)
        return _INPUT_WRONG
    except _FAILURES as error:
        click.echo(f"Failed: {error}", err=True)
        return _WORK_FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return _INTERRUPTED
    except TrainingStoppedError as stop:
        click.echo(str(stop), err=True)
        return _TERMINATED
