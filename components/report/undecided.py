"""What the uncertain band leaves to people, and how often the model is wrong about the rest."""

import dataclasses

import numpy as np

from components.calibration import Calibration


@dataclasses.dataclass(frozen=True)
class Undecided:
    """Three answers instead of two.

    Attributes:
        images: all of them.
        uncertain: those in the band.
        errors: wrong decisions among the others.
    """

    images: int
    uncertain: int
    errors: int

    @property
    def decided(self) -> int:
        """Images called real or fake."""
        return self.images - self.uncertain

    @property
    def coverage(self) -> float:
        """Share of images that are decided."""
        return self.decided / self.images

    @property
    def risk(self) -> float | None:
        """Share of errors among them; None where nothing is decided."""
        return self.errors / self.decided if self.decided else None


def undecided(labels: np.ndarray, scores: np.ndarray, calibration: Calibration) -> Undecided | None:
    """Counts what the band holds; None where there is no band.

    Args:
        labels: int `[N]`, 0 real, 1 fake; at least one.
        scores: float `[N]` in [0, 1].
        calibration: the operating point.
    """
    if calibration.uncertain is None:
        return None
    # In single precision, as the model compares.
    scores = np.asarray(scores, np.float32)
    low, high = np.asarray(calibration.uncertain, np.float32)
    decided = (scores < low) | (scores >= high)
    wrong = (scores >= np.float32(calibration.threshold)) != (labels == 1)
    return Undecided(len(scores), int((~decided).sum()), int((wrong & decided).sum()))
