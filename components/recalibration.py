"""Exports a trained detector anew with another operating point: the same network, no training, no images."""

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from components.atomic_file import write_text
from components.calibration import UNCERTAIN, Calibration, calibrate
from components.calibration.stored_logits import Scored, read_logits
from components.measures.confusion import Confusion
from components.settings import CalibrationSettings
from components.trainer.assets import (
    EXTRA_FOLDER,
    FACTS_FILE,
    SCORES_FILE,
    load_detector,
    transform_graph_in,
)
from components.trainer.export import export_detector
from data.example import FAKE, LABEL_NAMES, SPLITS

_VALIDATION = SPLITS[1]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What an operating point does on one split.

    Attributes:
        at_tau: the decisions at tau, where none is left uncertain.
        undecided: images in the uncertain band.
        wrong: wrong decisions among the others.
    """

    at_tau: Confusion
    undecided: int
    wrong: int

    @property
    def images(self) -> int:
        """Images of the split."""
        return self.at_tau.real + self.at_tau.fake

    def as_dict(self) -> dict[str, Any]:
        """With all rates and their 95 % confidence intervals, ready for JSON."""
        decided = self.images - self.undecided
        return {
            **dataclasses.asdict(self.at_tau),
            **self.at_tau.rates(),
            "intervals": {name: list(ends) for name, ends in self.at_tau.intervals().items()},
            "uncertain_share": self.undecided / self.images,
            "error_of_decided": self.wrong / decided if decided else None,
        }


@dataclasses.dataclass(frozen=True)
class Recalibration:
    """An operating point before and after.

    Attributes:
        before, after: the two.
        settings_before, settings: how each was chosen.
        splits: the logits both were measured on; chosen on `val`, only reported on `test`.
    """

    before: Calibration
    after: Calibration
    settings_before: CalibrationSettings
    settings: CalibrationSettings
    splits: dict[str, Scored]

    def outcomes(self) -> dict[str, tuple[Outcome, Outcome]]:
        """By split, before and after."""
        return {
            name: (outcome(split, self.before), outcome(split, self.after))
            for name, split in self.splits.items()
        }


def settings_of(facts: Mapping[str, Any]) -> CalibrationSettings:
    """How the operating point of an exported model was chosen, from its facts."""
    return CalibrationSettings.model_validate(facts["settings"].get("calibration", {}))


def recalibrate(model: Path, settings: CalibrationSettings, folder: Path) -> Recalibration:
    """Chooses an operating point on the stored validation logits and exports the model with it.

    The new model has all that the old one has in its `assets.extra`; its facts tell the new operating point and, as
    `calibrated_from`, the version it was made from.

    Args:
        model: the SavedModel to start from, with its `assets.extra`; stays as it is.
        settings: the objective and the rest.
        folder: where to; must not exist.

    Raises:
        ObjectiveError: no threshold or band reaches what the settings ask for.
        ValueError: the stored logits cannot be read, or lack a class.
        WeightsError: the network is of another version of this project.
    """
    extra = model / EXTRA_FOLDER
    facts = json.loads((extra / FACTS_FILE).read_text(encoding="utf-8"))
    splits = read_logits(extra / SCORES_FILE)
    if _VALIDATION not in splits:
        raise ValueError(
            f"Expected rows of the split '{_VALIDATION}' in '{extra / SCORES_FILE}', found none."
        )
    calibration = calibrate(*splits[_VALIDATION], settings)
    with transform_graph_in(extra) as transform_output:
        export_detector(
            load_detector(extra),
            transform_output,
            calibration,
            facts["input"]["size"],
            facts["input"]["smallest_face"],
            folder,
        )
    shutil.copytree(extra, folder / EXTRA_FOLDER)
    changed = facts | dataclasses.asdict(calibration)
    changed["settings"] = facts["settings"] | {"calibration": settings.model_dump(mode="json")}
    changed["calibrated_from"] = model.name
    write_text(folder / EXTRA_FOLDER / FACTS_FILE, json.dumps(changed, indent=2, sort_keys=True) + "\n")
    return Recalibration(Calibration.from_facts(facts), calibration, settings_of(facts), settings, splits)


def outcome(split: Scored, calibration: Calibration) -> Outcome:
    """What an operating point does on one split."""
    scores, is_fake = calibration.scores(split.logits), split.labels == FAKE
    called = dataclasses.replace(calibration, uncertain=None).decisions(scores) == LABEL_NAMES[FAKE]
    undecided = calibration.decisions(scores) == UNCERTAIN
    return Outcome(
        Confusion(
            calibration.threshold,
            true_fake=int(np.count_nonzero(called & is_fake)),
            false_fake=int(np.count_nonzero(called & ~is_fake)),
            true_real=int(np.count_nonzero(~called & ~is_fake)),
            false_real=int(np.count_nonzero(~called & is_fake)),
        ),
        undecided=int(np.count_nonzero(undecided)),
        wrong=int(np.count_nonzero((called != is_fake) & ~undecided)),
    )
