"""Kaggle's faces keep their official splits."""

import pytest

from data.errors import BadInputError
from data.sources import open_source

_ALL = [f"{split}/{label}/1.jpg" for split in ("Train", "Validation", "Test") for label in ("Real", "Fake")]


def _rows(root):
    return [(image.name, image.split, image.label, image.method) for image in open_source(root, "kaggle")]


@pytest.mark.parametrize("prefix", ["", "Dataset/", "archive/Dataset/"])
def test_the_official_split_is_kept(touch, tmp_path, prefix):
    root = touch(tmp_path, *(prefix + name for name in _ALL))
    assert _rows(root) == [
        (f"{prefix}Test/Fake/1.jpg", "test", 1, "openforensics"),
        (f"{prefix}Test/Real/1.jpg", "test", 0, "none"),
        (f"{prefix}Train/Fake/1.jpg", "train", 1, "openforensics"),
        (f"{prefix}Train/Real/1.jpg", "train", 0, "none"),
        (f"{prefix}Validation/Fake/1.jpg", "val", 1, "openforensics"),
        (f"{prefix}Validation/Real/1.jpg", "val", 0, "none"),
    ]
    assert {image.source for image in open_source(root)} == {"deepfake-and-real-images"}


def test_any_case_archives_and_files_elsewhere(touch, make_zip, tmp_path):
    root = touch(tmp_path, "TRAIN/real/a.jpg", "train/FAKE/b.jpg", "valid/real/c.jpg", "val/fake/d.jpg")
    touch(tmp_path, "README.md", "Train/a.jpg", "Real/Train/a.jpg", "Train/other/Real/a.jpg")
    make_zip(root / "Test.zip", {"Real/e.jpg": b"1", "Fake/f.jpg": b"2"})
    found = {image.name: (image.split, image.label) for image in open_source(root, "kaggle")}
    assert found == {
        "TRAIN/real/a.jpg": ("train", 0),
        "Test.zip/Fake/f.jpg": ("test", 1),
        "Test.zip/Real/e.jpg": ("test", 0),
        "train/FAKE/b.jpg": ("train", 1),
        "val/fake/d.jpg": ("val", 1),
        "valid/real/c.jpg": ("val", 0),
    }
    left_out = open_source(root, "kaggle").left_out()
    assert left_out == ["README.md", "Real/Train/a.jpg", "Train/a.jpg", "Train/other/Real/a.jpg"]


def test_missing_parts_are_listed(touch, tmp_path):
    touch(tmp_path, "Train/Real/a.jpg", "Train/Fake/a.jpg", "Validation/Real/a.jpg", "Test/Fake/a.jpg")
    (tmp_path / "Test/Real").mkdir()
    with pytest.raises(BadInputError, match=r"found none in Validation/Fake, Test/Real\."):
        _rows(tmp_path)
