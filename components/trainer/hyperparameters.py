"""What a Tuner may change of a training, and settings with what it found best."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from components.settings import TrainerSettings

HEAD_WIDTH = "head_width"
"""Units of the widest layer of the head; the others keep their proportion to it."""

HEAD_DROPOUT = "head_dropout"
"""Of every layer of the head."""


def learning_rate_of(stage: str) -> str:
    """Name of the hyperparameter that is the learning rate of a stage."""
    return f"learning_rate/{stage}"


def last_layers_of(stage: str) -> str:
    """Name of the hyperparameter that is N of a stage that trains the last N layers."""
    return f"last_layers/{stage}"


def with_hyperparameters(
    settings: TrainerSettings, hyperparameters: Mapping[str, Any] | None
) -> TrainerSettings:
    """Settings changed as a Tuner found best; what it did not search stays.

    Args:
        settings: of the training that was tuned.
        hyperparameters: the configuration of a `keras_tuner.HyperParameters`, of which `values` counts; None where
            nothing was tuned.

    Raises:
        ValueError: they are no such configuration, of a training with other stages, or out of range.
    """
    if hyperparameters is None:
        return settings
    values = hyperparameters.get("values") if isinstance(hyperparameters, Mapping) else None
    if not isinstance(values, Mapping):
        raise ValueError(
            "Hyperparameters: expected the configuration of a keras_tuner.HyperParameters, a mapping with 'values', "
            f"received {hyperparameters!r}. Give what a Tuner of this pipeline wrote."
        )
    left = dict(values)
    model, training = settings.model.model_dump(), settings.training.model_dump()
    if HEAD_WIDTH in left:
        model["head_units"] = _scaled(settings.model.head_units, _count(left, HEAD_WIDTH))
    if HEAD_DROPOUT in left:
        model["head_dropout"] = [left.pop(HEAD_DROPOUT)] * len(settings.model.head_dropout)
    for stage in training["stages"]:
        rate, layers = learning_rate_of(stage["name"]), last_layers_of(stage["name"])
        if rate in left:
            stage["learning_rate"] = left.pop(rate)
        if layers in left and isinstance(stage["trainable"], int):
            stage["trainable"] = _count(left, layers)
    if left:
        names = ", ".join(stage.name for stage in settings.training.stages)
        raise ValueError(
            f"Hyperparameters: expected those of a training with the stages {names}, received also "
            f"{', '.join(map(str, left))}. They are of another training: tune this one."
        )
    try:
        return TrainerSettings.model_validate(settings.model_dump() | {"model": model, "training": training})
    except ValidationError as error:
        [first, *_] = error.errors()
        where = ".".join(map(str, first["loc"]))
        raise ValueError(
            f"Hyperparameters: {where}: {first['msg']}, received {first['input']!r}. Tune this training anew."
        ) from error


def _count(left: dict[str, Any], name: str) -> int:
    value = left.pop(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"Hyperparameters: {name}: expected a whole number from 1 on, received {value!r}.")
    return value


def _scaled(units: tuple[int, ...], widest: int) -> list[int]:
    return [max(1, round(one * widest / max(units))) for one in units]
