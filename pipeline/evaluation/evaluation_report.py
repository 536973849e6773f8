"""What an evaluation came to."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.pushed_model import PushedModel

if TYPE_CHECKING:
    # What it imports would load TensorFlow.
    from components.evaluator.results import SliceMetrics
    from components.scoring.robustness import RobustnessRow

ALL = "all"
"""Instead of the name of a split: the images of every split."""


@dataclasses.dataclass(frozen=True)
class EvaluationReport:
    """What an evaluation came to.

    Attributes:
        model: what was evaluated.
        records: folder of the records.
        splits: which of them were scored.
        images: how many images.
        known: how many of them the model has learned from; None where that cannot be told.
        slices: metrics; the first is the whole.
        folder: keeps scores, what TFMA wrote, and this.
        page: the report as a page.
        attacks: accuracy and the like of images that were attacked; empty where none were.
    """

    model: PushedModel
    records: Path
    splits: tuple[str, ...]
    images: int
    known: int | None
    slices: list[SliceMetrics]
    folder: Path
    page: Path
    attacks: tuple[RobustnessRow, ...] = ()

    @property
    def split(self) -> str:
        """What was scored, in words."""
        return in_words(self.splits)

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "model": str(self.model.folder),
            "model_name": self.model.name,
            "model_version": self.model.version,
            "threshold": self.model.calibration.threshold,
            "records": str(self.records),
            "splits": list(self.splits),
            "images": self.images,
            "learned_from": self.known,
            "slices": [one.as_dict() for one in self.slices],
            "attacks": [dataclasses.asdict(one) for one in self.attacks],
            "folder": str(self.folder),
            "page": str(self.page),
        }


def in_words(splits: tuple[str, ...]) -> str:
    """Names of splits as a sentence has them: train, val and test."""
    *others, last = splits
    return f"{', '.join(others)} and {last}" if others else last
