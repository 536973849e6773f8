"""What a model must reach to be blessed."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from components.settings.base import Settings, Share

MORE_IS_BETTER = {
    "auc": True,
    "average_precision": True,
    "recall_at_fpr_1_percent": True,
    "recall_at_fpr_01_percent": True,
    "log_loss": False,
    "brier": False,
    "expected_calibration_error": False,
    "equal_error_rate": False,
    "accuracy": True,
    "precision_fake": True,
    "recall_fake": True,
    "recall_real": True,
    "false_positive_rate": False,
}
"""What can be bound, the decision's measures (from `accuracy` on) at tau; and whether a higher value is better."""

_Value = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class Bound(Settings):
    """A bound on one measure: on its value, on its change against the latest blessed model, or on both."""

    metric: Literal[tuple(MORE_IS_BETTER)]
    slice: str | None = Field(
        None,
        pattern=r"^[^=]+=.+$",
        description="where, as the report names it, such as method=stylegan; default: the whole test split",
    )
    at_least: Share | None = Field(None, description="for measures of which more is better")
    at_most: _Value | None = Field(None, description="for measures of which less is better")
    max_drop: Share | None = Field(
        None, description="how far it may fall below that of the latest blessed model on the same images"
    )
    max_rise: _Value | None = Field(None, description="how far it may rise above it")

    @property
    def more_is_better(self) -> bool:
        """Whether a higher value is better."""
        return MORE_IS_BETTER[self.metric]

    @property
    def value(self) -> float | None:
        """The bound of the value, in units of the measure."""
        return self.at_least if self.more_is_better else self.at_most

    @property
    def change(self) -> float | None:
        """How far it may get worse, in units of the measure; not negative."""
        return self.max_drop if self.more_is_better else self.max_rise

    @model_validator(mode="after")
    def _bounds_the_bad_side(self) -> "Bound":
        wanted = ("at_least", "max_drop") if self.more_is_better else ("at_most", "max_rise")
        given = {
            name
            for name in ("at_least", "at_most", "max_drop", "max_rise")
            if getattr(self, name) is not None
        }
        if not given or given - set(wanted):
            side = "more" if self.more_is_better else "less"
            raise ValueError(
                f"expected {wanted[0]}, {wanted[1]} or both for {self.metric}, of which {side} is better, received "
                f"{' and '.join(sorted(given)) or 'none'}"
            )
        return self
