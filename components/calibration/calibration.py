"""The operating point of a detector, and how all of it is chosen."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit

from components.calibration.checks import check_scored
from components.calibration.cuts import served
from components.calibration.objectives import choose_threshold
from components.calibration.selective import uncertain_band
from components.calibration.temperature import fit_temperature
from components.settings import CalibrationSettings
from components.settings.objective import parse_objective
from data import example

UNCERTAIN = "uncertain"
"""The third decision, beside those named in `data.example.LABEL_NAMES`."""

_REAL, _FAKE = (example.LABEL_NAMES[label] for label in (example.REAL, example.FAKE))


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What turns a logit into a score and a score into a decision.

    Attributes:
        temperature: the score is sigmoid(logit / temperature); above 0.
        threshold: tau in [0, 1]; a score at or above it is called fake.
        uncertain: low and high with 0 <= low <= tau <= high <= 1; a score in [low, high) is called uncertain where
            three answers are wanted. None: every image is called real or fake.
    """

    temperature: float
    threshold: float
    uncertain: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        low, high = self.uncertain or (self.threshold, self.threshold)
        if not (self.temperature > 0 and 0 <= low <= self.threshold <= high <= 1):
            raise ValueError(
                "Expected a temperature above 0, a threshold in [0, 1] and a band around it, received "
                f"{self.temperature}, {self.threshold} and {self.uncertain}."
            )

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Calibration":
        """That of an exported model, from the facts in its `assets.extra`; without `uncertain` it has no band."""
        band = facts.get("uncertain")
        return cls(facts["temperature"], facts["threshold"], tuple(band) if band else None)

    def scores(self, logits: np.ndarray) -> np.ndarray:
        """P(fake) of logits of any shape, as it is served: float64 in [0, 1], rounded to float32."""
        return served(expit(np.asarray(logits, np.float64) / self.temperature)).astype(np.float64)

    def decisions(self, scores: np.ndarray) -> np.ndarray:
        """What is said of each score: "real", "fake" or, in the band, "uncertain".

        Args:
            scores: float in [0, 1], any shape; rounded to float32, as the threshold is, before they are compared.

        Returns:
            str, of the same shape.
        """
        scores = served(scores)
        decided = np.where(scores >= np.float32(self.threshold), _FAKE, _REAL)
        if self.uncertain is None:
            return decided
        low, high = (np.float32(end) for end in self.uncertain)
        return np.where((scores >= low) & (scores < high), UNCERTAIN, decided)


def calibrate(logits: np.ndarray, labels: np.ndarray, settings: CalibrationSettings) -> Calibration:
    """Fits the temperature, then chooses threshold and uncertain band on the scores it gives.

    Args:
        logits: float `[N]`, finite.
        labels: int `[N]`, 0 real, 1 fake; both must occur.
        settings: the objective of the threshold, whether to fit a temperature (otherwise it is 1), and whether
            there is an uncertain band.

    Returns:
        Temperature, threshold and band that float32, in which they are served, holds exactly.

    Raises:
        ObjectiveError: no threshold or no band reaches what the settings ask for.
        ValueError: when a class is missing or a logit is not finite.
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)
    check_scored(logits, labels)
    temperature = fit_temperature(logits, labels) if settings.temperature_scaling else 1.0
    scores = expit(logits / temperature)
    threshold = choose_threshold(scores, labels, parse_objective(settings.objective))
    if settings.uncertain is None:
        return Calibration(temperature, threshold)
    band = uncertain_band(scores, labels, threshold, settings.uncertain.max_error)
    return Calibration(temperature, threshold, band)
