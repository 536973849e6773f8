"""Going on from a detector that has been trained before."""

import json
import zipfile
from pathlib import Path

from components.errors import WeightsError
from components.settings import ModelSettings
from components.trainer.assets import FACTS_FILE, KERAS_FILE
from components.trainer.model import Detector


def check_fits(extra: Path, settings: ModelSettings) -> None:
    """Checks that a new detector can take the weights of an earlier one; reads no weights.

    What has no weights may differ: dropout, the momentum of BatchNormalization, and where the weights once came from.

    Args:
        extra: the folder `assets.extra` of the earlier one's export.
        settings: of the new one.

    Raises:
        WeightsError: there is no such folder, or backbone, input size or head differ.
    """
    earlier = _settings(extra)
    for key, theirs, ours in (
        ("backbone", earlier.backbone, settings.backbone),
        ("image_size", earlier.input_size, settings.input_size),
        ("head_units", list(earlier.head_units), list(settings.head_units)),
    ):
        if theirs != ours:
            raise WeightsError(
                f"Warm start: expected a model with {key} {ours}, as configured, received {theirs} in "
                f"'{extra.parent}'. Set model.{key} to {theirs}, or start from another model."
            )


def load_weights_into(detector: Detector, extra: Path, settings: ModelSettings) -> None:
    """Gives a freshly built detector the weights of an earlier one, backbone and head.

    Args:
        detector: changed in place.
        extra: the folder `assets.extra` of the earlier one's export.
        settings: what `detector` was built from.

    Raises:
        WeightsError: see `check_fits`; or the weights are damaged.
    """
    check_fits(extra, settings)
    try:
        detector.model().load_weights(extra / KERAS_FILE)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"Warm start: expected the weights of a detector in '{extra / KERAS_FILE}': {error}. Start from another "
            "model."
        ) from error


def _settings(extra: Path) -> ModelSettings:
    try:
        settings = json.loads((extra / FACTS_FILE).read_text(encoding="utf-8"))["settings"]["model"]
        # The weights it began with are not wanted, and their file may be on another machine.
        return ModelSettings.model_validate(settings | {"weights": "none"})
    except FileNotFoundError as error:
        raise WeightsError(
            f"Warm start: expected a model of this project, received '{extra.parent}', which holds no "
            f"{extra.name}/{FACTS_FILE}. Give a pushed version (models/NAME/VERSION) or the folder Format-Serving of "
            "a trained model."
        ) from error
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise WeightsError(
            f"Warm start: expected a model of this version of the project in '{extra.parent}', but its settings "
            f"cannot be read: {' '.join(str(error).split())}. Start from another model."
        ) from error
