"""From raw logits to a decision: temperature, threshold and uncertain band, chosen on the validation split."""

from components.calibration.calibration import UNCERTAIN, Calibration, calibrate
from components.calibration.objectives import choose_threshold
from components.calibration.selective import RiskCoverage, risk_coverage, uncertain_band
from components.calibration.temperature import fit_temperature
from components.settings.objective import Objective, parse_objective

__all__ = [
    "UNCERTAIN",
    "Calibration",
    "Objective",
    "RiskCoverage",
    "calibrate",
    "choose_threshold",
    "fit_temperature",
    "parse_objective",
    "risk_coverage",
    "uncertain_band",
]
