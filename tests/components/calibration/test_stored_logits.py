"""Logits are read back as they were written, and a damaged file is told."""

import numpy as np
import pytest

from components.calibration.stored_logits import read_logits


def test_splits_are_read_by_name(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("split,label,logit\nval,0,-1.5\ntest,1,0.25\nval,1,3e-05\n")
    found = read_logits(path)
    assert list(found) == ["val", "test"]
    np.testing.assert_array_equal(found["val"].logits, [-1.5, 3e-5])
    np.testing.assert_array_equal(found["val"].labels, [0, 1])
    np.testing.assert_array_equal(found["test"].logits, [0.25])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("split,label\nval,0\n", id="a column is missing"),
        pytest.param("split,label,logit\n", id="no rows"),
        pytest.param("split,label,logit\nval,2,0.5\n", id="a label that is none"),
        pytest.param("split,label,logit\nval,fake,0.5\n", id="a label in words"),
        pytest.param("split,label,logit\nval,1,\n", id="no logit"),
        pytest.param("split,label,logit\nval,1,0.5\nval,1\n", id="cut short"),
    ],
)
def test_a_damaged_file_is_told(tmp_path, content):
    path = tmp_path / "scores.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"Expected .*scores\.csv"):
        read_logits(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"Expected a CSV file .*absent\.csv"):
        read_logits(tmp_path / "absent.csv")
