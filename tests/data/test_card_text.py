"""The card for people says what happened, and nothing of what did not."""

from dataclasses import replace

import pytest

from data.card import DatasetCard
from data.card_text import card_text

QUIET = DatasetCard(
    name="faces",
    layout="folder",
    span=1,
    found=100,
    kept=100,
    quarantined={},
    skipped={},
    left_out=0,
    splits={
        "train": {"real": 35, "fake": 35},
        "val": {"real": 8, "fake": 7},
        "test": {"real": 7, "fake": 8},
    },
    formats={"real": {"jpeg": 50}, "fake": {"jpeg": 40, "png": 10}},
    sizes={"real": {"64x64": 50}, "fake": {"64x64": 30, "1x1": 9, "2x2": 5, "3x3": 3, "4x4": 2, "5x5": 1}},
    sources={"real": {"faces": 50}, "fake": {"faces": 50}},
    methods={"real": {"none": 50}, "fake": {"swap": 50}},
    columns={},
    groups={"count": 97, "largest": 3, "images_in_shared_groups": 5, "of_earlier_spans": 0},
    exact_copies=1,
    near_copies=2,
    leaks={"groups": 0, "images": 0, "dropped": 0},
    shortcuts=[
        {
            "pair": "all",
            "real": 50,
            "fake": 50,
            "cues": {"size": 0.5, "brightness": 0.613},
            "together": 0.587,
            "suspects": [],
        }
    ],
    shortcuts_before=[],
    harmonised=None,
    shards=[],
    options={},
    source_hash="0" * 64,
    fingerprint="0" * 64,
)


def _lines(**changes):
    return card_text(replace(QUIET, **changes)).splitlines()


def test_a_quiet_card_word_for_word():
    assert _lines() == [
        "Data set faces: 100 images found, 100 kept, 0 quarantined",
        "",
        "split          real     fake    share",
        "train            35       35    70.0%",
        "val               8        7    15.0%",
        "test              7        8    15.0%",
        "",
        "formats    real: 50 x jpeg; fake: 40 x jpeg, 10 x png",
        "sizes      real: 50 x 64x64; fake: 30 x 64x64, 9 x 1x1, 5 x 2x2, 3 x 3x3 and 2 more kinds",
        "sources    real: 50 x faces; fake: 50 x faces",
        "methods    real: 50 x none; fake: 50 x swap",
        "groups     97, the largest of 3 images; 1 exact copies, 2 images with near copies",
        "shortcuts  the strongest cue is brightness, AUC 0.61; all cues together 0.59 (0.5 tells nothing)",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"found": 104, "quarantined": {"empty": 3, "grey": 1}},
            "Data set faces: 104 images found, 100 kept, 4 quarantined",
        ),
        ({"quarantined": {"empty": 3, "grey": 1}}, "refused    3 x empty, 1 x grey"),
        ({"span": 2}, "Data set faces, span 2: 100 images found, 100 kept, 0 quarantined"),
        ({"subset": "young"}, "Data set faces, subset young: 100 images found, 100 kept, 0 quarantined"),
        ({"skipped": {"crowd": 7}}, "skipped    7 x crowd"),
        ({"left_out": 3}, "left out   3 files that belong to no class"),
        ({"columns": {"generator": {"x": 60, "y": 40}}}, "generator  60 x x, 40 x y"),
        (
            {"harmonised": {"size": 64, "quality": 60}},
            "harmonised every image was saved anew as 64x64 pixels, JPEG quality 60",
        ),
        (
            {"groups": {**QUIET.groups, "of_earlier_spans": 5}},
            "           5 images joined groups of earlier spans",
        ),
        ({"shortcuts": []}, "shortcuts  too few images of a class to tell"),
        (
            {"shortcuts": [{**QUIET.shortcuts[0], "together": None}]},
            "shortcuts  the strongest cue is brightness, AUC 0.61 (0.5 tells nothing)",
        ),
        (
            {"leaks": {"groups": 2, "images": 5, "dropped": 0}},
            "LEAK       2 groups (5 images) lie across the official splits; "
            "--drop-leaks leaves the images of their earlier splits out",
        ),
        (
            {"leaks": {"groups": 2, "images": 5, "dropped": 1}},
            "LEAK       2 groups (5 images) lie across the official splits; "
            "the images of their earlier splits were left out",
        ),
    ],
)
def test_each_thing_that_happened_has_its_line(changes, line):
    assert line in _lines(**changes)
    assert line not in _lines()


def test_every_shortcut_of_every_pair_is_shouted():
    leaking = {**QUIET.shortcuts[0], "suspects": ["brightness", "all cues together"]}
    of_a_method = {**leaking, "pair": "method=swap", "suspects": ["size"], "cues": {"size": 0.9}}
    assert [line for line in _lines(shortcuts=[leaking, of_a_method]) if "SHORTCUT" in line] == [
        "SHORTCUT   brightness tells real from fake (all): AUC 0.61",
        "SHORTCUT   all cues together tell real from fake (all): AUC 0.59",
        "SHORTCUT   size tells real from fake (method=swap): AUC 0.90",
    ]
    assert not any("SHORTCUT" in line for line in _lines())


def test_nothing_kept_is_no_division_by_nothing():
    empty = {split: {"real": 0, "fake": 0} for split in QUIET.splits}
    assert "val               0        0     0.0%" in _lines(kept=0, splits=empty)
