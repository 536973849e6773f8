"""The phases of a progressive training, as a configuration states them."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from components.settings import Settings, Share
from data.partition.subset_sizes import SUBSETS, Subset

CHANGEABLE = ("training", "calibration", "evaluation")
"""What one phase may do in another way than the rest. Network and data are those of all: weights are handed on."""


class SubsetSettings(Settings):
    """A subset of one's own."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=15)]
    images: Annotated[int, Field(ge=2)]
    real_share: Share = 0.5


class PhaseSettings(Settings):
    """One phase: a run on a subset."""

    subset: Literal["mini", "middle", "big", "full"] | SubsetSettings
    changes: dict[str, Any] = Field({}, description="a part of a configuration, laid over the whole")

    @property
    def size(self) -> Subset:
        """The subset it trains on; its name is the phase's."""
        if isinstance(self.subset, SubsetSettings):
            return Subset(self.subset.name, self.subset.images, self.subset.real_share)
        return next(subset for subset in SUBSETS if subset.name == self.subset)

    @field_validator("changes")
    @classmethod
    def _of_what_may_change(cls, changes: dict[str, Any]) -> dict[str, Any]:
        if unknown := [key for key in changes if key not in CHANGEABLE]:
            raise ValueError(
                f"expected changes of {', '.join(CHANGEABLE)}, received '{unknown[0]}'; set the rest for all phases"
            )
        return changes


def check_sequence(phases: tuple[PhaseSettings, ...]) -> None:
    """Checks that each phase can hold the images of the one before.

    Raises:
        ValueError: two have one name, or they do not grow.
    """
    names = [phase.size.name for phase in phases]
    if len(set(names)) < len(names):
        raise ValueError(f"expected phases with different names, received {names}")
    sizes = [phase.size.size or float("inf") for phase in phases]
    for position in range(1, len(phases)):
        if sizes[position] <= sizes[position - 1]:
            raise ValueError(
                f"expected phases of growing size, received '{names[position - 1]}' before '{names[position]}'"
            )
