"""Refuses a bound on a slice that the evaluation does not make, before anything is trained."""

from collections.abc import Sequence

from components.evaluator.slices import slice_key, slice_parts
from components.settings import EvaluatorSettings
from pipeline.errors import ConfigError


def check_slice_bounds(settings: EvaluatorSettings, columns: Sequence[str]) -> None:
    """Checks what the slices of the bounds are by; whether the test split holds such images shows later.

    Args:
        settings: with the bounds.
        columns: annotated columns of the records.

    Raises:
        ConfigError: a bound is on a slice by something else.
    """
    known = [*settings.slices, *map(slice_key, columns)]
    for number, bound in enumerate(settings.bounds):
        if bound.slice and slice_parts(bound.slice)[0] not in known:
            raise ConfigError(
                f"evaluation.bounds.{number}.slice: expected a slice by {', '.join(known)}, received '{bound.slice}'"
            )
