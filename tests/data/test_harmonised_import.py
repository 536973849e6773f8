"""Shortcuts, and what harmonising does about them."""

import os
import shutil

import pytest
from importing_checks import content_of, near_copy, places, records_of

from data.audit.shortcuts import ShortcutError
from data.card import read_card
from data.card_text import card_text
from data.image_table import read_table, values
from data.images.decode_check import decode_rgb
from data.importing import import_images
from data.options import IN_MEMORY_RUNNER, HarmoniseOptions, ImportOptions


@pytest.fixture(scope="module")
def leaking(tmp_path_factory, picture, encode):
    """Fakes of 80 x 80 pixels saved at quality 50, reals of 100 x 80 pixels at quality 90."""
    root = tmp_path_factory.mktemp("leaking") / "set"
    for label, name in enumerate(("real", "fake")):
        (root / name).mkdir(parents=True)
        for number in range(40):
            pixels = picture(5000 + 2 * number + label, 100)
            content = encode(pixels[:80, :80], quality=50) if label else encode(pixels[:80], quality=90)
            (root / name / f"{number:03d}.jpg").write_bytes(content)
    return root


def test_strict_refuses_a_planted_leak_and_leaves_nothing(leaking, tmp_path):
    with pytest.raises(ShortcutError, match=r"JPEG quantisation tells real from fake \(all\): AUC 1\.00"):
        import_images(leaking, tmp_path / "out", ImportOptions(strict=True))
    assert os.listdir(tmp_path) == []


def test_without_strict_a_planted_leak_is_told(leaking, tmp_path):
    card = import_images(leaking, tmp_path / "out")
    assert {"size", "JPEG quantisation", "file size", "all cues together"} <= set(
        card.shortcuts[0]["suspects"]
    )
    assert (card.harmonised, card.shortcuts_before) == (None, [])
    assert "SHORTCUT   JPEG quantisation" in card_text(card)


@pytest.fixture(scope="module")
def harmonised(leaking):
    out = leaking.with_name("harmonised")
    return out, import_images(leaking, out, ImportOptions(strict=True, harmonise=HarmoniseOptions()))


def test_harmonising_takes_the_leak_away_and_says_so(harmonised):
    out, card = harmonised
    assert card.harmonised == {"size": 80, "quality": 50}
    [before], [after] = card.shortcuts_before, card.shortcuts
    assert {"size", "JPEG quantisation", "file size"} <= set(before["suspects"])
    assert after["suspects"] == []
    for cue in ("size", "JPEG quantisation", "format"):
        assert (before["cues"][cue] > 0.9) == (cue != "format")
        assert after["cues"][cue] == 0.5
    assert "harmonised every image was saved anew as 80x80 pixels, JPEG quality 50" in card_text(card)
    assert "SHORTCUT" not in card_text(card)
    assert card.sizes == {label: {"80x80": 40} for label in ("real", "fake")}
    assert read_card(out) == card


def test_harmonised_records_tell_what_they_are_now(harmonised):
    out, _ = harmonised
    records = records_of(out)
    for record in records:
        assert (record.width, record.height, record.jpeg_quality, record.format) == (80, 80, 50, "jpeg")
        assert decode_rgb(record.encoded).shape == (80, 80, 3)
    table = read_table(out / "span-1")
    assert values(table, "sha256") == [record.sha256 for record in records]
    assert values(table, "bytes") == [len(record.encoded) for record in records]


def test_harmonising_again_gives_the_same_bytes(harmonised, leaking, tmp_path):
    out, card = harmonised
    options = ImportOptions(strict=True, harmonise=HarmoniseOptions(), beam_args=(IN_MEMORY_RUNNER,))
    assert import_images(leaking, tmp_path / "again", options) == card
    assert content_of(tmp_path / "again") == content_of(out)


def test_a_later_span_finds_its_copies_among_harmonised_images(harmonised, leaking, tmp_path, encode):
    out = shutil.copytree(harmonised[0], tmp_path / "out")
    for path in sorted(leaking.rglob("*.jpg"))[::5]:
        copy = tmp_path / "set" / path.relative_to(leaking)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(near_copy(path.read_bytes(), encode))
    card = import_images(tmp_path / "set", out, ImportOptions(harmonise=HarmoniseOptions()), span=2)
    assert card.groups["of_earlier_spans"] == card.kept == 16
    earlier, later = places(out, 1), places(out, 2)
    assert later == {name: earlier[name] for name in later}
