"""The operating point, and what is measured of a model."""

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, field_validator

from components.settings.base import PositiveInt, Settings, Share
from components.settings.bounds import Bound
from components.settings.objective import parse_objective

MIN_CLASS_SHARE = 0.1
"""Below a tenth, a model that always gives the other class is right nine times in ten, and threshold and calibration
rest on a handful of images."""


class UncertainSettings(Settings):
    """Which images a detector may leave undecided."""

    max_error: Annotated[float, Field(ge=0.0, lt=0.5)] = Field(
        description="share of wrong decisions allowed among the validation images that are decided"
    )


class CalibrationSettings(Settings):
    """How the operating point is chosen on the validation split."""

    objective: str = Field(
        "best-f1",
        description="what the threshold is chosen for: best-f1, fpr=0.01 (false positive rate), precision=0.95 (of "
        "fake) or cost=10 (a false alarm costs so many misses)",
    )
    temperature_scaling: bool = True
    uncertain: UncertainSettings | None = Field(
        None,
        description="a third answer, uncertain, for scores near the threshold; default: real or fake only",
    )

    @field_validator("objective")
    @classmethod
    def _can_be_read(cls, objective: str) -> str:
        parse_objective(objective)
        return objective


class AttackSettings(Settings):
    """Attacks on test images with the gradients of the trained detector itself."""

    epsilons: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        (1, 2, 4),
        min_length=1,
        description="how far a value may be changed, in grey levels of 8 bits: 2 is 2/255",
    )
    steps: PositiveInt = Field(10, description="of PGD; each costs an image about two passes")
    images: Annotated[int, Field(ge=0)] = Field(
        256, description="test images that are attacked, half of each class; 0: none"
    )

    @field_validator("epsilons")
    @classmethod
    def _rising(cls, epsilons: tuple[int, ...]) -> tuple[int, ...]:
        if list(epsilons) != sorted(set(epsilons)):
            raise ValueError(f"expected rising epsilons, received {list(epsilons)}")
        return epsilons


class EvaluatorSettings(Settings):
    """What is measured, and the bounds of the blessing."""

    thresholds: tuple[Share, ...] = tuple(step / 20 for step in range(1, 20))
    slices: tuple[Literal["source", "method", "format", "size", "jpeg_quality", "span"], ...] = Field(
        ("source", "method", "format", "size", "jpeg_quality", "span"),
        description="what the test split is sliced by, besides annotated columns",
    )
    bounds: tuple[Bound, ...] = Field(
        (Bound(metric="auc", at_least=0.6, max_drop=0.01), Bound(metric="accuracy", at_least=0.5)),
        min_length=1,
        description="what a model must reach on the test split to be blessed",
    )
    robustness: bool = Field(
        True,
        description="score the test split again under each of 16 perturbations: costs as much as 16 more passes over "
        "it, without training",
    )
    attacks: AttackSettings = AttackSettings()

    @field_validator("bounds")
    @classmethod
    def _bound_once(cls, bounds: tuple[Bound, ...]) -> tuple[Bound, ...]:
        bound = Counter((one.metric, one.slice) for one in bounds)
        for (metric, where), count in bound.items():
            if count > 1:
                on = f" on {where}" if where else ""
                raise ValueError(f"expected one bound for {metric}{on}, received {count}")
        if all(one.value is None for one in bounds):
            # The first model has none to be compared with.
            raise ValueError(
                "expected at_least or at_most in one bound or more, received bounds on changes only"
            )
        return bounds
