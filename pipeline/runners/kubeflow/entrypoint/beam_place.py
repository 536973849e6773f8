"""Where Beam does a node's work: in this container, or in others that see nothing of its disk."""

from collections.abc import Sequence

from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
)

from pipeline.beam.deadline import DeadlineDirectRunner
from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.entrypoint.settings import BEAM_TEMP

_IN_THIS_CONTAINER = (
    "DirectRunner",
    "BundleBasedDirectRunner",
    "FnApiRunner",
    "PrismRunner",
    "InteractiveRunner",
    DeadlineDirectRunner.__name__,
)


def is_distributed(beam_args: Sequence[str]) -> bool:
    """Whether workers run elsewhere: any runner but Beam's own ones, unless its workers are called back here."""
    options = PipelineOptions(list(beam_args))
    runner = (options.view_as(StandardOptions).runner or "DirectRunner").rpartition(".")[2]
    if runner in _IN_THIS_CONTAINER:
        return False
    return options.view_as(PortableOptions).environment_type != "LOOPBACK"


def shared_temp(beam_args: Sequence[str], configured: str | None) -> str:
    """A folder that this container and the workers can write to.

    Args:
        beam_args: may name one, `--temp_location`.
        configured: of the environment; goes first.

    Raises:
        ConfigError: none is named.
    """
    named = configured or PipelineOptions(list(beam_args)).view_as(GoogleCloudOptions).temp_location
    if not named:
        raise ConfigError(
            "Beam's workers are not in this container, so they cannot share its temporary folder. Expected a folder "
            f"of object storage or of a shared volume: set {BEAM_TEMP} or Beam's --temp_location."
        )
    return named.rstrip("/")
