"""What a run came to, in numbers: what the page draws, and `metrics.json` holds."""

import dataclasses
from pathlib import PurePath
from typing import Any

from components.evaluator.results import SliceMetrics
from components.scoring.robustness import RobustnessRow


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What a run came to.

    Attributes:
        blessed: whether the model reached its bounds.
        reasons: a sentence a bound: those that it reached when blessed, else those that it missed.
        pushed_to: the version directory it was pushed to; None when it was not.
        phases: the phase table, a row a stage, as the trainer wrote it; None where a metric is undefined.
        slices: metrics on the test split; the first is the whole split.
        attacks: see `components.scoring.robustness.attack_table`; empty where no image was attacked.
    """

    blessed: bool
    reasons: tuple[str, ...]
    pushed_to: str | None
    phases: tuple[dict[str, Any], ...]
    slices: tuple[SliceMetrics, ...]
    attacks: tuple[RobustnessRow, ...] = ()

    @property
    def version(self) -> str | None:
        """Of the pushed model, as its directory is called; None when it was not pushed."""
        return PurePath(self.pushed_to).name if self.pushed_to else None

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "blessed": self.blessed,
            "reasons": list(self.reasons),
            "pushed_to": self.pushed_to,
            "phases": list(self.phases),
            "slices": [one.as_dict() for one in self.slices],
            "attacks": [dataclasses.asdict(one) for one in self.attacks],
        }
