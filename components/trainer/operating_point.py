"""The operating point after each stage: what the phase table shows, and in the end what is exported."""

import numpy as np

from components.calibration import Calibration, calibrate
from components.errors import ObjectiveError
from components.progress import tell
from components.settings import CalibrationSettings


def operating_point_of_stage(
    logits: np.ndarray, labels: np.ndarray, settings: CalibrationSettings, is_last: bool
) -> Calibration:
    """Calibrates on the validation split. Only what is exported must reach the objective.

    An early stage may still be too weak for it, which must not end a training that would get there: for the phase
    table it is given the threshold of its best F1, and that is told.

    Args:
        logits: float `[N]`, of the validation split.
        labels: int `[N]`, 0 real, 1 fake.
        settings: what is asked for.
        is_last: whether this is what will be exported.

    Raises:
        ObjectiveError: the last stage does not reach what is asked for.
        ValueError: when a class is missing or a logit is not finite.
    """
    try:
        return calibrate(logits, labels, settings)
    except ObjectiveError as error:
        if is_last:
            raise
        tell(f"{error} For the table, this stage gets the threshold of its best F1.")
        return calibrate(
            logits, labels, CalibrationSettings(temperature_scaling=settings.temperature_scaling)
        )
