"""A pushed version of a model, as a folder that a user names: what travels with it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    # It brings scikit-learn, and a command that only reads the version needs none.
    from components.calibration import Calibration

_EXTRA_FOLDER, _FACTS_FILE, _SCORES_FILE = "assets.extra", "detector.json", "scores.csv"


@dataclasses.dataclass(frozen=True)
class PushedModel:
    """A model of this project.

    Attributes:
        folder: the SavedModel.
        facts: what `detector.json` says of it.
    """

    folder: Path
    facts: dict[str, Any]

    @property
    def name(self) -> str:
        """The name it is served under."""
        return self.facts["model_name"]

    @property
    def version(self) -> int | None:
        """Its number; None of a folder that is not named by one, as that of a trained model is not."""
        return int(self.folder.name) if self.folder.name.isdecimal() else None

    @property
    def calibration(self) -> Calibration:
        """Its operating point."""
        from components.calibration import Calibration

        return Calibration.from_facts(self.facts)

    @property
    def objective(self) -> str:
        """What its threshold was chosen for, such as `best-f1`."""
        return self.facts["settings"]["calibration"]["objective"]

    @property
    def smallest_face(self) -> int:
        """Least pixels of an image's shorter side that it accepts."""
        return self.facts["input"]["smallest_face"]

    def evaluation_scores(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """The scores that the evaluation of one split gave, and their labels.

        Returns:
            Scores, float64 `[N]` in [0, 1], by the temperature of this version; labels, int `[N]`, 0 real, 1 fake.

        Raises:
            ConfigError: the scores do not travel with this model, or lack a class.
        """
        from components.calibration.stored_logits import read_logits

        path = self.folder / _EXTRA_FOLDER / _SCORES_FILE
        if not path.is_file():
            raise ConfigError(
                f"MODEL_DIR: expected the scores of the evaluation in '{path}', which is not there: an older version "
                "of this project pushed the model. Train it anew."
            )
        try:
            scored = read_logits(path)[split]
        except (ValueError, KeyError) as error:
            raise ConfigError(
                f"MODEL_DIR: expected the scores of the split '{split}' in '{path}': {error}. Push the model again."
            ) from error
        if set(scored.labels.tolist()) != {0, 1}:
            raise ConfigError(
                f"MODEL_DIR: expected scores of real and of fake images of the split '{split}' in '{path}', received "
                f"labels {sorted(set(scored.labels.tolist()))}. Train it anew, with test images of both."
            )
        return self.calibration.scores(scored.logits), scored.labels


def open_model(folder: Path) -> PushedModel:
    """Reads what travels with a model; loads no graph.

    Args:
        folder: a pushed version, or the folder Format-Serving of a trained model.

    Raises:
        ConfigError: it is no model of this project.
    """
    folder = folder.expanduser().resolve()
    path = folder / _EXTRA_FOLDER / _FACTS_FILE
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        model = PushedModel(folder, facts)
        _ = (model.name, model.smallest_face, facts["temperature"], facts["threshold"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        versions = sorted((int(one.name) for one in _folders(folder) if one.name.isdecimal()), reverse=True)
        hint = f"Its newest version is {folder / str(versions[0])}." if versions else "`run` pushes one."
        raise ConfigError(
            f"MODEL_DIR: expected a version of a model, with {_EXTRA_FOLDER}/{_FACTS_FILE} in it, received "
            f"'{folder}'. {hint}"
        ) from error
    return model


def version_of_run(version: Path) -> Path:
    """The version that a run pushed and `calibrate` made this one of, be it over several; else the version itself.

    Args:
        version: folder of a version; neither it nor the one it was made of need be there.
    """
    origin, seen = version, set()
    while origin not in seen:
        seen.add(origin)
        try:
            facts = json.loads((origin / _EXTRA_FOLDER / _FACTS_FILE).read_text(encoding="utf-8"))
            origin = origin.with_name(str(facts["calibrated_from"]))
        except (OSError, ValueError, KeyError, TypeError):
            return origin
    return version


def _folders(folder: Path) -> list[Path]:
    return [one for one in folder.iterdir() if one.is_dir()] if folder.is_dir() else []
