"""The layout is told by the names of the files, the most telling signs first."""

import subprocess
import sys

import pytest

from data.errors import BadInputError
from data.sources import LAYOUTS, open_source

_PLAIN = ("real/a.jpg", "fake/b.jpg")
_KAGGLE = tuple(f"{split}/{label}/a.jpg" for split in ("Train", "Test") for label in ("Real", "Fake"))


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (_PLAIN, "folder"),
        ((), "folder"),
        (_KAGGLE, "kaggle"),
        (_KAGGLE[:3], "folder"),
        (("Train/Real/a.jpg", "Train/Fake/a.jpg", "manifest.csv"), "csv"),
        ((*_KAGGLE, "manifest.csv"), "kaggle"),
        ((*_KAGGLE, "x/Val_poly.json"), "openforensics"),
        (("x/other_poly.json", *_PLAIN), "folder"),
        ((*_PLAIN, "manifest.csv"), "csv"),
        ((*_PLAIN, "manifest.jsonl"), "jsonl"),
        ((*_PLAIN, "x/manifest.csv", "other.csv"), "folder"),
    ],
)
def test_auto_tells_the_layout_of_folders_and_archives(touch, make_zip, tmp_path, names, layout):
    (tmp_path / "set").mkdir()
    assert open_source(touch(tmp_path / "set", *names)).layout == layout
    assert open_source(make_zip(tmp_path / "set.zip", dict.fromkeys(names, b"x"))).layout == layout
    if names:
        (tmp_path / "mounted").mkdir()
        make_zip(tmp_path / "mounted/Part.zip", dict.fromkeys(names, b"x"))
        mounted = "folder" if layout in ("csv", "jsonl") else layout
        assert open_source(tmp_path / "mounted").layout == mounted


def test_a_list_is_told_by_its_suffix(touch, tmp_path):
    touch(tmp_path, "a.CSV", "b.jsonl")
    assert open_source(tmp_path / "a.CSV").layout == "csv"
    assert open_source(tmp_path / "b.jsonl").layout == "jsonl"
    assert open_source(tmp_path, "csv").layout == "csv"
    assert open_source(tmp_path, "jsonl").manifest == "b.jsonl"


def test_lists_that_are_missing_or_many_are_named(touch, tmp_path):
    for root, layout, message in (
        (tmp_path, "csv", r"Expected one file \*\.csv at the top of .*, found none"),
        (touch(tmp_path / "x", "a.csv", "b.csv"), "csv", r"found 2: a\.csv, b\.csv"),
        (
            touch(tmp_path / "y", "manifest.csv", "manifest.jsonl"),
            "auto",
            r"manifest\.csv and manifest\.jsonl",
        ),
        (tmp_path / "absent.csv", "auto", "Expected a list of images at .*, found nothing"),
        (tmp_path / "x/a.csv", "jsonl", "found a file"),
        (tmp_path / "x/a.csv", "folder", "found a file"),
        (tmp_path / "absent.zip", "auto", "Expected a zip archive at .*, found nothing"),
        (tmp_path / "absent", "auto", "Expected a folder of images .* at .*, found nothing"),
    ):
        with pytest.raises(BadInputError, match=message):
            open_source(root, layout)


def test_layouts_and_margins_are_checked(tmp_path):
    assert list(LAYOUTS) == ["folder", "kaggle", "openforensics", "csv", "jsonl"]
    with pytest.raises(BadInputError, match=r"out of auto, folder, .*, received 'heap'"):
        open_source(tmp_path, "heap")
    with pytest.raises(BadInputError, match=r"received 3"):
        open_source(tmp_path, margin=3)


def test_sources_are_imported_without_the_heavy_libraries():
    code = "import sys, data.sources; print(sorted({'tensorflow', 'apache_beam', 'numpy', 'PIL'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
