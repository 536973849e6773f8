"""The stages of a training, what they share, and what they run on."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainSerializer, field_validator, model_validator

from components.settings.base import FrozenMapping, PositiveFloat, PositiveInt, Settings

_BLOCK_NAME = r"^[a-z][a-z0-9_]*$"


def _mixed(shares: Mapping[str, float]) -> Mapping[str, float]:
    if sum(shares.values()) >= 1.0:
        raise ValueError(
            f"expected shares that leave room for originals, below 1 in all, received {dict(shares)}"
        )
    return FrozenMapping(shares)


SyntheticShares = Annotated[
    Mapping[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")],
        Annotated[float, Field(gt=0.0, lt=1.0)],
    ],
    AfterValidator(_mixed),
    PlainSerializer(dict),
]
"""Of an epoch's images, by name of the maker."""


class AugmentationSettings(Settings):
    """Random changes of the training images, of the strength the original project used."""

    horizontal_flip: bool = True
    rotation_degrees: Annotated[float, Field(ge=0.0, le=180.0)] = 10.0
    zoom: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    shift: Annotated[float, Field(ge=0.0, lt=0.5)] = Field(
        0.0, description="share of the side, in whole pixels: nothing is resampled"
    )
    robustness: bool = Field(
        False,
        description="also JPEG compression, blur, downscaling and noise, as images meet them on their way",
    )


class HardwareSettings(Settings):
    """What a training runs on."""

    devices: Literal["auto", "one", "all"] = Field(
        "auto", description="auto: all GPUs, or else the processor; all: also several logical processors"
    )
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = Field(
        "auto", description="auto: mixed_float16 on GPUs that gain from it, otherwise float32"
    )
    jit_compile: Literal["auto"] | bool = Field(
        "auto", description="XLA; auto: on a GPU; on a processor it is several times slower"
    )
    cache_gb: Annotated[float, Field(ge=0.0)] = Field(
        2.0, description="decoded training images up to this size stay in memory"
    )


class AdversarialSettings(Settings):
    """Attacks on the weights as they are, which a stage trains on besides the images themselves."""

    method: Literal["pgd", "fgsm"] = "pgd"
    epsilon: Annotated[float, Field(gt=0.0, le=32.0)] = Field(
        2.0, description="how far a value may be changed, in grey levels: 2 is 2/255"
    )
    steps: Annotated[int, Field(ge=1, le=100)] = Field(
        3, description="of pgd; each costs an attacked image about as much as training on it"
    )
    share: Annotated[float, Field(gt=0.0, le=1.0)] = Field(0.5, description="of each batch that is attacked")


class StageSettings(Settings):
    """One stage of fine-tuning."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    trainable: PositiveInt | Annotated[str, Field(pattern=_BLOCK_NAME)] = Field(
        description="which layers of the backbone train: none, all, the last N, or all from a named layer or block "
        "on, such as block6a; the head always trains"
    )
    epochs: PositiveInt
    learning_rate: PositiveFloat = 1e-4
    schedule: Literal["plateau", "cosine"] = Field(
        "plateau",
        description="plateau: lowered where nothing improves; cosine: up over the first epoch, then down to a "
        "hundredth at the last",
    )
    augment: bool | None = Field(
        None, description="default: yes, except in a frozen stage, which then trains on cached embeddings"
    )
    augmented_views: Annotated[int, Field(ge=0)] = Field(
        0, description="in a frozen stage: train on the embeddings of so many augmented views of each image"
    )
    batch_normalization: Literal["auto", "frozen", "trained"] = Field(
        "auto", description="auto: frozen when the backbone is pretrained, trained when it is not"
    )
    early_stopping_patience: PositiveInt | None = Field(None, description="default: that of the training")
    reduce_lr_patience: PositiveInt | None = Field(None, description="default: that of the training")
    synthetic: SyntheticShares = Field(
        {},
        validate_default=True,
        description="share of an epoch's images by maker, such as {blend: 0.25}, of the synthetic images of the "
        "training split; those of other makers are not trained on",
    )
    adversarial: AdversarialSettings | None = Field(
        None,
        description="train on attacked images as well, best with batch_normalization: frozen where the backbone is "
        "pretrained; default: on the images as they are",
    )

    @model_validator(mode="after")
    def _attacks_pixels(self) -> "StageSettings":
        if self.adversarial is not None and self.on_embeddings:
            raise ValueError(
                f"expected adversarial in a stage that sees images, received it in stage '{self.name}', which trains "
                "on cached embeddings; set augment: true there, or leave adversarial out"
            )
        return self

    @property
    def augmented(self) -> bool:
        """Whether this stage sees augmented images, anew in each epoch."""
        if self.augment is None:
            return self.trainable != "none"
        return self.augment

    @property
    def on_embeddings(self) -> bool:
        """Whether it trains on cached embeddings."""
        return self.trainable == "none" and not self.augmented

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
    hardware: HardwareSettings = HardwareSettings()
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

    @property
    def monitor_mode(self) -> Literal["max", "min"]:
        """Which of two values of `monitor` is better: the higher or the lower one."""
        return "max" if self.monitor == "val_auc" else "min"
