"""The search for hyperparameters, which is off by default."""

from typing import Annotated

from pydantic import Field, field_validator

from components.settings.base import PositiveFloat, PositiveInt, Settings, Share


class TunerSettings(Settings):
    """What the Tuner tries. A list of values to choose from, or the two ends of a range (searched on a log scale)."""

    trials: Annotated[int, Field(ge=0)] = Field(0, description="how many combinations to train; 0: no Tuner")
    epochs: PositiveInt = Field(4, description="epochs of each stage in a trial, at most")
    head_width: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = Field(
        (128, 256, 512, 1024),
        description="units of the widest layer of the head; the others keep their proportion",
    )
    head_dropout: Annotated[tuple[Share, ...], Field(min_length=1)] = Field(
        (0.2, 0.3, 0.4, 0.5), description="of every layer of the head"
    )
    learning_rate: tuple[PositiveFloat, PositiveFloat] = Field(
        (3e-5, 3e-3), description="lowest and highest, for each stage on its own"
    )
    last_layers: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = Field(
        (20, 30, 40), description="N of a stage that trains the last N layers"
    )

    @field_validator("learning_rate")
    @classmethod
    def _from_low_to_high(cls, ends: tuple[float, float]) -> tuple[float, float]:
        if ends[0] > ends[1]:
            raise ValueError(f"expected the lowest learning rate first, received {ends[0]}, {ends[1]}")
        return ends
