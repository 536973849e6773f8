"""The operating point, and what is measured of a model."""

from typing import Annotated, Literal

from pydantic import Field

from components.settings.base import Settings, Share
from data.example import METHOD_KEY, SOURCE_KEY

MIN_CLASS_SHARE = 0.1
"""Below a tenth, a model that always gives the other class is right nine times in ten, and threshold and calibration
rest on a handful of images."""


class CalibrationSettings(Settings):
    """How the operating point is chosen on the validation split."""

    objective: Literal["best-f1"] = "best-f1"
    temperature_scaling: bool = True


class EvaluatorSettings(Settings):
    """What is measured, and the bounds of the blessing. Bounds hold for the whole test split, not for slices:
    many a slice has one class only, where AUC means nothing."""

    thresholds: tuple[Share, ...] = tuple(step / 20 for step in range(1, 20))
    slices: tuple[str, ...] = (SOURCE_KEY, METHOD_KEY)
    min_auc: Share = 0.6
    min_accuracy: Share = Field(0.5, description="accuracy of the decision at tau")
    max_auc_drop: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        0.01, description="how far the AUC may fall below that of the latest blessed model"
    )
