"""The one configuration: typed, frozen, checked; read from YAML and changed by `--set key=value`.

Imports neither TensorFlow nor TFX, so that a mistake in a configuration is told at once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from components.settings import (
    MIN_CLASS_SHARE,
    EvaluatorSettings,
    Settings,
    Share,
    TrainerSettings,
    TunerSettings,
)
from data.defaults import MAX_CUE_AUC, MAX_QUARANTINED_SHARE
from data.images.shape import SMALLEST_FACE
from pipeline.beam.settings import BeamSettings
from pipeline.errors import ConfigError
from pipeline.phase_settings import PhaseSettings, check_sequence
from pipeline.yaml_settings import apply_override, explained, merged, read_keys
from serving.defaults import MODEL_NAME

CONFIG_FOLDER = Path(__file__).parent / "configs"


class DataSettings(Settings):
    """How a source becomes records, and what records must be like. Of imported records only the last counts."""

    layout: Literal["auto", "folder", "kaggle", "openforensics", "csv", "jsonl"] = "auto"
    official_splits: bool = Field(True, description="keep the splits of a data set that has its own")
    drop_leaks: bool = Field(False, description="leave out of training what has a near copy in a later split")
    validation_share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.15
    test_share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.15
    max_quarantined_share: Share = MAX_QUARANTINED_SHARE
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42
    smallest_face: Annotated[int, Field(ge=16)] = Field(
        SMALLEST_FACE, description="pixels of an image's shorter side"
    )
    allow_grey: bool = False
    max_cue_auc: Annotated[float, Field(ge=0.5, le=1.0)] = Field(
        MAX_CUE_AUC, description="how well a cue may tell the label before it counts as a shortcut"
    )
    strict: bool = Field(False, description="stop at a shortcut")
    harmonise: bool = Field(False, description="save every image alike")
    min_class_share: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        MIN_CLASS_SHARE, description="share of a split that its rarer class must have"
    )
    compare_with_served: bool = Field(
        True, description="stop when the data differs much from what the served model was trained on"
    )

    @model_validator(mode="after")
    def _something_to_train_on(self) -> "DataSettings":
        if self.validation_share + self.test_share >= 1.0:
            raise ValueError(
                "expected validation_share + test_share below 1, received "
                f"{self.validation_share} + {self.test_share}"
            )
        return self


class PipelineConfig(TrainerSettings):
    """Everything that decides what a run produces, besides its data."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)] = "deepfake"
    description: str = ""
    model_name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")] = Field(
        MODEL_NAME, description="the name the model is served under"
    )
    data: DataSettings = DataSettings()
    evaluation: EvaluatorSettings = EvaluatorSettings()
    tuner: TunerSettings = TunerSettings()
    beam: BeamSettings = Field(BeamSettings(), description="where Beam's work is done")
    phases: tuple[PhaseSettings, ...] = Field(
        (), description="progressive training: a run on each subset, from the smallest on"
    )

    @property
    def trainer(self) -> TrainerSettings:
        """The part that decides what the Trainer produces: an edit elsewhere must not train anew."""
        return TrainerSettings(model=self.model, training=self.training, calibration=self.calibration)

    def of_phase(self, phase: PhaseSettings) -> "PipelineConfig":
        """The configuration of the run that a phase is.

        Raises:
            ValueError: the changes of the phase are wrong; the message names it.
        """
        content = merged(self.model_dump(mode="json", exclude={"phases"}), phase.changes)
        name = phase.size.name
        try:
            return PipelineConfig.model_validate(content | {"name": f"{self.name}-{name}"})
        except ValidationError as error:
            raise ValueError(f"phase '{name}': {explained(error)}") from error

    @model_validator(mode="after")
    def _phases_can_be_run(self) -> "PipelineConfig":
        check_sequence(self.phases)
        if self.phases and self.tuner.trials:
            raise ValueError(
                "expected no Tuner (tuner.trials: 0) with phases, which hand their weights on, received "
                f"{self.tuner.trials} trials; tune on one subset first"
            )
        for phase in self.phases:
            self.of_phase(phase)
        return self


def config_names() -> list[str]:
    """Names of the configurations that come with the project."""
    return sorted(path.stem for path in CONFIG_FOLDER.glob("*.yaml"))


def load_config(name_or_file: str, overrides: Sequence[str] = ()) -> PipelineConfig:
    """Reads a configuration.

    Args:
        name_or_file: one of `config_names()`, or the path of a YAML file.
        overrides: `key=value`, the key with dots (`model.backbone=efficientnetv2-b0`, `training.stages.0.epochs=3`),
            the value as YAML.

    Raises:
        ConfigError: when there is no such configuration, it is no YAML, or a key or value is wrong.
    """
    # With the defaults written out, `--set` can change a part of one, such as one stage of the list.
    content = merged(PipelineConfig().model_dump(mode="json"), _read(name_or_file))
    for override in overrides:
        apply_override(content, override)
    try:
        return PipelineConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"Configuration '{name_or_file}': {explained(error)}") from error


def beam_settings(profile: str, changes: Sequence[str] = ()) -> BeamSettings:
    """The section `beam`, of a command line alone.

    Args:
        profile: a key of `pipeline.beam.profiles.PROFILES`.
        changes: `key=value`, as those of `load_config`, the key within the section.

    Raises:
        ConfigError: a key or value is wrong.
    """
    content: dict[str, Any] = {"profile": profile}
    for change in changes:
        apply_override(content, change)
    try:
        return BeamSettings.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"--beam {profile}: {explained(error)}") from error


def _read(name_or_file: str) -> dict[str, Any]:
    path = Path(name_or_file)
    if not path.suffix:
        path = CONFIG_FOLDER / f"{name_or_file}.yaml"
    if not path.is_file():
        raise ConfigError(
            f"Configuration: expected one of {', '.join(config_names())} or a YAML file, received "
            f"'{name_or_file}'."
        )
    return read_keys(path, "Configuration")
