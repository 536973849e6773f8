"""An early stage that is too weak for the objective does not end a training; the last one does."""

import numpy as np
import pytest

from components.calibration import calibrate
from components.errors import ObjectiveError
from components.settings import CalibrationSettings
from components.trainer import operating_point
from components.trainer.operating_point import operating_point_of_stage

# The highest logit is that of a real: no threshold has a precision of 1.
LOGITS, LABELS = np.array([3.0, 2.0, 1.0, -1.0]), np.array([0, 1, 1, 0])
OUT_OF_REACH = CalibrationSettings(objective="precision=1", temperature_scaling=False)


@pytest.fixture
def told(monkeypatch) -> list[str]:
    """What is told while it is chosen."""
    lines: list[str] = []
    monkeypatch.setattr(operating_point, "tell", lines.append)
    return lines


def test_an_early_stage_gets_its_best_f1_and_says_so(told):
    found = operating_point_of_stage(LOGITS, LABELS, OUT_OF_REACH, is_last=False)
    assert found == calibrate(LOGITS, LABELS, CalibrationSettings(temperature_scaling=False))
    assert len(told) == 1
    assert told[0].startswith("objective precision=1: expected")
    assert told[0].endswith("this stage gets the threshold of its best F1.")


def test_the_last_stage_must_reach_the_objective(told):
    with pytest.raises(ObjectiveError, match="objective precision=1"):
        operating_point_of_stage(LOGITS, LABELS, OUT_OF_REACH, is_last=True)
    assert not told


@pytest.mark.parametrize("is_last", [False, True])
def test_what_is_in_reach_is_what_is_asked_for(told, is_last):
    settings = CalibrationSettings(objective="fpr=0.5", uncertain={"max_error": 0.3})
    found = operating_point_of_stage(LOGITS, LABELS, settings, is_last=is_last)
    assert found == calibrate(LOGITS, LABELS, settings)
    assert not told
