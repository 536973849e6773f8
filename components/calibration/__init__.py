"""From raw logits to a decision: temperature, threshold and uncertain band, chosen on the validation split."""

from components.calibration.calibration import Calibration, best_f1_threshold, calibrate, fit_temperature

__all__ = ["Calibration", "best_f1_threshold", "calibrate", "fit_temperature"]
