"""The temperature, against known answers and a search over all of its range."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from components.calibration import fit_temperature


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_recovered(temperature):
    rng = np.random.default_rng(0)
    true_logits = rng.normal(0, 2, 50_000)
    labels = (rng.random(50_000) < expit(true_logits)).astype(int)
    assert fit_temperature(true_logits * temperature, labels) == pytest.approx(temperature, rel=0.03)


def test_no_other_temperature_has_less_log_loss():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 200)
    logits = rng.normal(4 * labels - 2, 4)
    fitted = log_loss(labels, expit(logits / fit_temperature(logits, labels)))
    for temperature in np.geomspace(0.05, 20, 400):
        assert fitted <= log_loss(labels, expit(logits / temperature)) + 1e-9


@pytest.mark.parametrize("direction", [1, -1])
def test_it_stays_in_its_bounds_when_classes_separate(direction):
    logits, labels = direction * np.array([-3.0, -2.0, 2.0, 3.0]), np.array([0, 0, 1, 1])
    assert 0.05 <= fit_temperature(logits, labels) <= 20


def test_float32_logits_are_fitted_in_float64():
    logits, labels = np.array([-3.0, 1.0, -0.5, 2.0]), np.array([0, 0, 1, 1])
    assert fit_temperature(logits.astype(np.float32), labels) == fit_temperature(logits, labels)
