"""What can be set about the steps, a file a part. Cheap to import: neither TensorFlow nor TFX."""

from components.settings.base import PositiveFloat, PositiveInt, Settings, Share
from components.settings.bounds import Bound
from components.settings.evaluation import (
    MIN_CLASS_SHARE,
    AttackSettings,
    CalibrationSettings,
    EvaluatorSettings,
    UncertainSettings,
)
from components.settings.model import ModelSettings
from components.settings.training import (
    AdversarialSettings,
    AugmentationSettings,
    HardwareSettings,
    StageSettings,
    TrainingSettings,
)
from components.settings.tuning import TunerSettings

__all__ = [
    "MIN_CLASS_SHARE",
    "AdversarialSettings",
    "AttackSettings",
    "AugmentationSettings",
    "Bound",
    "CalibrationSettings",
    "EvaluatorSettings",
    "HardwareSettings",
    "ModelSettings",
    "PositiveFloat",
    "PositiveInt",
    "Settings",
    "Share",
    "StageSettings",
    "TrainerSettings",
    "TrainingSettings",
    "TunerSettings",
    "UncertainSettings",
]


class TrainerSettings(Settings):
    """All that decides what the Trainer produces, besides its input."""

    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    calibration: CalibrationSettings = CalibrationSettings()
