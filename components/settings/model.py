"""The network."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from components.backbone_facts import BACKBONE_FACTS
from components.settings.base import PositiveInt, Settings, Share


class ModelSettings(Settings):
    """The network."""

    backbone: str = Field("efficientnet-b0", description="a key of `components.backbone_facts`")
    weights: str = Field(
        "imagenet",
        description="imagenet (Keras downloads them), none (random), or the path of a weights file",
    )
    image_size: Annotated[int, Field(ge=32, le=1024)] | None = Field(
        None, description="side in pixels; default: what the backbone's ImageNet weights were trained with"
    )
    any_image_size: bool = Field(
        False, description="allow a pretrained backbone another size than it was trained with"
    )
    batch_normalization_momentum: Annotated[float, Field(gt=0.0, lt=1.0)] | None = Field(
        None, description="of the running statistics of the backbone; default: what Keras builds it with"
    )
    head_units: tuple[PositiveInt, ...] = (512, 256, 1024)
    head_dropout: tuple[Share, ...] = (0.4, 0.4, 0.5)

    @property
    def input_size(self) -> int:
        """Side of the input, in pixels."""
        return self.image_size or BACKBONE_FACTS[self.backbone].image_size

    @property
    def pretrained(self) -> bool:
        """Whether the backbone starts from trained weights."""
        return self.weights != "none"

    @property
    def weights_file(self) -> Path | None:
        """The file the weights come from, when they come from one."""
        return None if self.weights in ("imagenet", "none") else Path(self.weights)

    @field_validator("backbone")
    @classmethod
    def _known(cls, backbone: str) -> str:
        if backbone not in BACKBONE_FACTS:
            raise ValueError(f"expected one of {', '.join(BACKBONE_FACTS)}, received '{backbone}'")
        return backbone

    @field_validator("weights")
    @classmethod
    def _weights_exist(cls, weights: str) -> str:
        if weights in ("imagenet", "none"):
            return weights
        path = Path(weights).expanduser().resolve()
        if not path.is_file():
            raise ValueError(
                f"expected imagenet, none or the path of a weights file; there is no such file, received '{weights}'"
            )
        return str(path)

    @model_validator(mode="after")
    def _one_dropout_a_layer(self) -> "ModelSettings":
        if len(self.head_units) != len(self.head_dropout):
            raise ValueError(
                f"expected one head_dropout for each of head_units, received {len(self.head_dropout)} "
                f"for {len(self.head_units)}"
            )
        return self

    @model_validator(mode="after")
    def _size_the_weights_know(self) -> "ModelSettings":
        own = BACKBONE_FACTS[self.backbone].image_size
        if self.pretrained and not self.any_image_size and self.input_size != own:
            raise ValueError(
                f"expected image_size {own}, which the weights of {self.backbone} were trained with, received "
                f"{self.image_size}; any_image_size: true allows others"
            )
        return self
