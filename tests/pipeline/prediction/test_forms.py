"""Lines of CSV, and what a spreadsheet would run."""

import csv
import io

import pytest

from pipeline.prediction import forms
from serving.verdict import Verdict
from serving.video.verdict import FrameVerdict, VideoVerdict


def _read(*lines):
    return list(csv.DictReader(io.StringIO("\n".join(lines), newline="")))


def test_a_verdict_in_csv_is_whole():
    verdict = Verdict('a,"b"\n.jpg', 1 / 3, "fake", 0.1, "m", 7, "ab", (0.1, 0.2))
    [row] = _read(forms.csv_header(), forms.csv_line(verdict))

    assert tuple(row) == forms.CSV_COLUMNS
    assert (row["path"], float(row["score"]), row["decision"]) == ('a,"b"\n.jpg', 1 / 3, "fake")
    assert (float(row["uncertain_low"]), float(row["uncertain_high"])) == (0.1, 0.2)
    assert (row["model_version"], row["sha256"], row["error"], row["frames"]) == ("7", "ab", "", "")


def test_a_video_in_csv_has_its_counts():
    frames = (FrameVerdict(0.0, 0.5, "real", None),) * 3
    verdict = VideoVerdict("v.mp4", 0.5, "real", 0.6, "m", 7, "ab", None, None, "mean", frames, 2, 1)
    [row] = _read(forms.csv_header(), forms.csv_line(verdict))
    names = ("sampling", "frames", "frames_without_face", "frames_without_verdict")
    assert [row[name] for name in names] == ["mean", "3", "2", "1"]


@pytest.mark.parametrize("path", ["a\nb", "a\rb", "a\r\n", "a,b", 'a"b', "'a", " a"])
def test_any_path_comes_back(path):
    [row] = _read(forms.csv_header(), forms.csv_line(Verdict(path, 0.5, "real", 0.6, "m", 7, "ab")))
    assert row["path"] == path


@pytest.mark.parametrize(
    ("path", "cell"),
    [
        ("=1+1.jpg", "'=1+1.jpg"),
        ("+a.jpg", "'+a.jpg"),
        ("-a.jpg", "'-a.jpg"),
        ("@a.jpg", "'@a.jpg"),
        ("a=1.jpg", "a=1.jpg"),
        ("./=1.jpg", "./=1.jpg"),
    ],
)
def test_no_cell_is_a_formula(path, cell):
    verdict = Verdict(path, None, None, None, "m", None, None, error="=cmd()")
    [row] = _read(forms.csv_header(), forms.csv_line(verdict))
    assert (row["path"], row["error"]) == (cell, "'=cmd()")


def test_numbers_stay_numbers():
    assert forms.csv_cell(-0.5) == -0.5
