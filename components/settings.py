"""What can be set about the steps. Cheap to import: neither TensorFlow nor TFX."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from data.example import METHOD_KEY, SOURCE_KEY

Share = Annotated[float, Field(ge=0.0, le=1.0)]
PositiveInt = Annotated[int, Field(ge=1)]
PositiveFloat = Annotated[float, Field(gt=0.0)]

MIN_CLASS_SHARE = 0.1
"""Below a tenth, a model that always gives the other class is right nine times in ten, and threshold and calibration
rest on a handful of images."""


class Settings(BaseModel):
    """Base of every settings class: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _yes_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Pydantic would take `true` for 1, and `epochs: true` would train one epoch."""
        annotation = cls.model_fields[info.field_name].annotation
        if isinstance(value, bool) and bool not in (annotation, *get_args(annotation)):
            raise ValueError(f"expected no true or false here, received {value}")
        return value


class ModelSettings(Settings):
    """The network."""

    backbone: Literal["efficientnet-b0", "efficientnetv2-b0"] = "efficientnet-b0"
    weights: str = Field(
        "imagenet",
        description="imagenet (Keras downloads them), none (random), or the path of a weights file",
    )
    image_size: Annotated[int, Field(ge=32, le=1024)] = 224
    batch_normalization_momentum: Annotated[float, Field(gt=0.0, lt=1.0)] | None = Field(
        None, description="of the running statistics of the backbone; default: what Keras builds it with"
    )
    head_units: tuple[PositiveInt, ...] = (512, 256, 1024)
    head_dropout: tuple[Share, ...] = (0.4, 0.4, 0.5)

    @model_validator(mode="after")
    def _one_dropout_a_layer(self) -> "ModelSettings":
        if len(self.head_units) != len(self.head_dropout):
            raise ValueError(
                f"expected one head_dropout for each of head_units, received {len(self.head_dropout)} "
                f"for {len(self.head_units)}"
            )
        return self

    @property
    def pretrained(self) -> bool:
        """Whether the backbone starts from trained weights."""
        return self.weights != "none"

    @property
    def weights_file(self) -> Path | None:
        """The file the weights come from, when they come from one."""
        return None if self.weights in ("imagenet", "none") else Path(self.weights)

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


class AugmentationSettings(Settings):
    """Random changes of the training images, of the strength the original project used."""

    horizontal_flip: bool = True
    rotation_degrees: Annotated[float, Field(ge=0.0, le=180.0)] = 10.0
    zoom: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1


class StageSettings(Settings):
    """One stage of fine-tuning."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    trainable: Literal["none", "all"] | PositiveInt = Field(
        description="which layers of the backbone train: none, all, or the last N; the head always trains"
    )
    epochs: PositiveInt
    learning_rate: PositiveFloat = 1e-4
    augment: bool | None = Field(
        None, description="default: yes, except in a frozen stage, which then trains on cached embeddings"
    )
    batch_normalization: Literal["auto", "frozen", "trained"] = Field(
        "auto", description="auto: frozen when the backbone is pretrained, trained when it is not"
    )

    @property
    def augmented(self) -> bool:
        """Whether this stage sees augmented images."""
        return self.trainable != "none" if self.augment is None else self.augment

    def trains_batch_normalization(self, pretrained: bool) -> bool:
        """Whether BatchNormalization layers learn in this stage; never when the whole backbone is frozen."""
        if self.trainable == "none":
            return False
        if self.batch_normalization == "auto":
            return not pretrained
        return self.batch_normalization == "trained"


class TrainingSettings(Settings):
    """The stages and what they share."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42
    batch_size: PositiveInt = 32
    monitor: Literal["val_loss", "val_auc"] = "val_auc"
    early_stopping_patience: PositiveInt = 10
    reduce_lr_patience: PositiveInt = 3
    reduce_lr_factor: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    min_learning_rate: PositiveFloat = 1e-7
    balance_classes: bool = True
    augmentation: AugmentationSettings = AugmentationSettings()
    stages: tuple[StageSettings, ...] = (
        StageSettings(name="frozen", trainable="none", epochs=50, learning_rate=1e-3),
        StageSettings(name="last-40", trainable=40, epochs=10),
        StageSettings(name="all", trainable="all", epochs=50),
    )

    @field_validator("stages")
    @classmethod
    def _distinct_names(cls, stages: tuple[StageSettings, ...]) -> tuple[StageSettings, ...]:
        names = [stage.name for stage in stages]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"expected one or more stages with different names, received {names}")
        return stages


class CalibrationSettings(Settings):
    """How the operating point is chosen on the validation split."""

    objective: Literal["best-f1"] = "best-f1"
    temperature_scaling: bool = True


class TrainerSettings(Settings):
    """All that decides what the Trainer produces, besides its input."""

    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    calibration: CalibrationSettings = CalibrationSettings()


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
