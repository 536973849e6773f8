"""Deliveries one after the other: spans that leave the earlier ones as they are."""

import os
import shutil
import signal
from collections import Counter, defaultdict

import numpy as np
import pytest
from importing_checks import content_of, kill_while_it_writes, lines, near_copy, places, records_of

from data.audit.shortcuts import ShortcutError
from data.card import read_card, read_cards
from data.card_text import card_text
from data.errors import BadInputError
from data.images.decode_check import decode_rgb
from data.images.perceptual_hash import DEFAULT_RADIUS, perceptual_hashes
from data.importing import import_images
from data.options import HarmoniseOptions, ImportOptions
from data.record_folder import SCHEMA_FILE, spans
from data.schema import read_schema


def _between(picture, encode):
    """Pixels near to both of two others that are strangers to each other: (one, other, between)."""

    def near(one, other):
        (whole, crops), (of_other, other_crops) = (
            perceptual_hashes(decode_rgb(encode(pixels, quality=90))) for pixels in (one, other)
        )
        of_one = [whole, *(crops[at : at + 64] for at in range(0, len(crops), 64))]
        pairs = [(hashed, of_other) for hashed in of_one]
        pairs += [(other_crops[at : at + 64], whole) for at in range(0, len(other_crops), 64)]
        return min((int(a, 16) ^ int(b, 16)).bit_count() for a, b in pairs) <= DEFAULT_RADIUS

    found = []
    seed = 6000
    while len(found) < 12:
        seed += 1
        between = picture(seed).astype(float)
        one, other = (
            (0.91 * between + 0.09 * picture(seed + shift)).astype(np.uint8) for shift in (1000, 2000)
        )
        between = between.astype(np.uint8)
        if near(between, one) and near(between, other) and not near(one, other):
            found.append((one, other, between))
    return found


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory, make_folder, picture, encode):
    """Folders of two deliveries.

    The first: 20 strangers a class, and 12 pairs of images that are strangers to each other. The second: near copies
    of 5 strangers a class, 6 new ones a class, and for each pair an image between the two.
    """
    root = tmp_path_factory.mktemp("deliveries")
    one = make_folder(root / "monday", 20)
    two = make_folder(root / "tuesday", 6, first_seed=500)
    for name in ("real", "fake"):
        for number in range(5):
            content = (one / name / f"{number:03d}.jpg").read_bytes()
            (two / name / f"near{number}.jpg").write_bytes(near_copy(content, encode))
    for number, (left, right, between) in enumerate(_between(picture, encode)):
        folder = ("real", "fake")[number % 2]
        (one / folder / f"left{number:02d}.jpg").write_bytes(encode(left, quality=90))
        (one / folder / f"right{number:02d}.jpg").write_bytes(encode(right, quality=90))
        (two / folder / f"between{number:02d}.jpg").write_bytes(encode(between, quality=90))
    return one, two


_OPTIONS = ImportOptions(max_quarantined_share=0.5)


@pytest.fixture(scope="module")
def two_spans(deliveries):
    one, two = deliveries
    out = one.with_name("spans")
    cards = [import_images(one, out, _OPTIONS, span=1)]
    before = content_of(out)
    cards.append(import_images(two, out, _OPTIONS, span=2))
    return out, cards, before


def test_a_second_span_leaves_the_first_as_it_is(two_spans):
    out, cards, before = two_spans
    assert spans(out) == [1, 2]
    assert {name: content for name, content in content_of(out).items() if "span-2" not in name} == before
    assert read_cards(out) == cards
    assert [card.span for card in cards] == [1, 2]
    assert Counter(record.span for record in records_of(out)) == {card.span: card.kept for card in cards}


def test_near_copies_of_an_earlier_span_follow_it_into_its_group_and_split(two_spans):
    out, (first, second), _ = two_spans
    earlier, later = places(out, 1), places(out, 2)
    for name in ("real", "fake"):
        for number in range(5):
            assert later[f"{name}/near{number}.jpg"] == earlier[f"{name}/{number:03d}.jpg"]
        for number in range(6):
            assert later[f"{name}/{number:03d}.jpg"][0] not in {group for group, _ in earlier.values()}
    split_of = defaultdict(set)
    for group, split in [*earlier.values(), *later.values()]:
        split_of[group].add(split)
    assert all(len(splits) == 1 for splits in split_of.values())
    assert first.groups["of_earlier_spans"] == 0
    # The near copies, and of the images between two those that tie no splits.
    assert second.groups["of_earlier_spans"] == 10 + 12 - second.quarantined["ties_splits"]
    assert "16 images joined groups of earlier spans" in card_text(second)


def test_what_ties_two_splits_together_is_quarantined(two_spans):
    out, (_, second), _ = two_spans
    earlier, later = places(out, 1), places(out, 2)
    rows = {row["path"]: row for row in lines(out / "span-2" / "quarantine.jsonl")}
    tying = 0
    for number in range(12):
        folder = ("real", "fake")[number % 2]
        left, right = (earlier[f"{folder}/{side}{number:02d}.jpg"] for side in ("left", "right"))
        assert left[0] != right[0]
        name = f"{folder}/between{number:02d}.jpg"
        if left[1] == right[1]:
            assert later[name] == min(left, right)
        else:
            tying += 1
            assert name not in later
            assert rows[name]["reason"] == "ties_splits"
            assert left[1] in rows[name]["detail"]
            assert right[1] in rows[name]["detail"]
    assert second.quarantined == {"ties_splits": tying} == {"ties_splits": len(rows)}
    assert 0 < tying < 12
    assert second.found == second.kept + tying


def test_the_last_span_may_be_imported_again_and_gives_the_same_bytes(two_spans, deliveries, tmp_path):
    out = shutil.copytree(two_spans[0], tmp_path / "out")
    before = content_of(out)
    shutil.rmtree(out / "span-2" / "")
    import_images(deliveries[1], out, _OPTIONS, span=2)
    assert content_of(out) == before
    import_images(deliveries[1], out, _OPTIONS, span=2)
    assert content_of(out) == before


def test_spans_come_one_after_the_other(two_spans, deliveries, tmp_path):
    out = two_spans[0]
    before = content_of(out)
    for span in (0, 1, 4):
        with pytest.raises(
            BadInputError, match=f"Expected span 2 to replace the last one, or 3, received {span}"
        ):
            import_images(deliveries[1], out, _OPTIONS, span=span)
    with pytest.raises(
        BadInputError, match=r"holds 2 spans, which would be lost\. Add to them with `data import --span 3`"
    ):
        import_images(deliveries[0], out, _OPTIONS)
    with pytest.raises(BadInputError, match="Expected span 1, received 2"):
        import_images(deliveries[1], tmp_path / "new", _OPTIONS, span=2)
    assert content_of(out) == before
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_import_of_a_second_span_leaves_the_first_untouched(make_folder, tmp_path, request, how):
    one, two = make_folder(tmp_path / "one", 12), make_folder(tmp_path / "two", 80, first_seed=100)
    out = tmp_path / "out"
    import_images(one, out, span=1)
    before = content_of(out)
    kill_while_it_writes(request.config.rootpath, how, two, out, 2)
    assert spans(out) == [1]
    assert {name: content for name, content in content_of(out).items() if not name.startswith(".")} == before
    import_images(two, out, span=2)
    assert sorted(os.listdir(out)) == [SCHEMA_FILE, "span-1", "span-2"]


def test_the_schema_knows_a_later_spans_source_only_if_asked(two_spans, deliveries, tmp_path):
    def sources(out):
        return next(list(f.string_domain.value) for f in read_schema(out).feature if f.name == "source")

    assert sources(two_spans[0]) == ["monday"]
    out = shutil.copytree(two_spans[0], tmp_path / "out")
    text = (out / SCHEMA_FILE).read_text()
    (out / SCHEMA_FILE).write_text(text.replace("max: 16384", "max: 999"))
    edited = (out / SCHEMA_FILE).read_text()
    import_images(deliveries[1], out, ImportOptions(max_quarantined_share=0.5, extend_schema=True), span=2)
    assert sources(out) == ["monday", "tuesday"]
    extended = (out / SCHEMA_FILE).read_text()
    assert [line for line in extended.splitlines() if "tuesday" not in line] == edited.splitlines()


def test_one_file_under_both_labels_is_refused_across_spans_even_when_harmonised(make_folder, tmp_path):
    options = ImportOptions(harmonise=HarmoniseOptions(), max_quarantined_share=1.0)
    one, two = make_folder(tmp_path / "one", 20), make_folder(tmp_path / "two", 20, first_seed=500)
    import_images(one, tmp_path / "out", options, span=1)
    (two / "fake" / "swapped.jpg").write_bytes((one / "real" / "003.jpg").read_bytes())
    card = import_images(two, tmp_path / "out", options, span=2)
    [row] = lines(tmp_path / "out" / "span-2" / "quarantine.jsonl")
    assert (row["path"], row["reason"]) == ("fake/swapped.jpg", "conflicting_label")
    assert card.harmonised == read_card(tmp_path / "out").harmonised


def test_a_span_is_saved_like_the_earlier_ones_or_refused(make_folder, tmp_path):
    one, two = make_folder(tmp_path / "one", 20), make_folder(tmp_path / "two", 20, first_seed=500)
    import_images(one, tmp_path / "plain", span=1)
    import_images(one, tmp_path / "alike", ImportOptions(harmonise=HarmoniseOptions(quality=70)), span=1)
    with pytest.raises(BadInputError, match=r"were not harmonised.* Import it without --harmonise"):
        import_images(two, tmp_path / "plain", ImportOptions(harmonise=HarmoniseOptions()), span=2)
    with pytest.raises(BadInputError, match=r"were harmonised.* Import it with --harmonise"):
        import_images(two, tmp_path / "alike", span=2)
    # Its own quality would be another one.
    card = import_images(two, tmp_path / "alike", ImportOptions(harmonise=HarmoniseOptions()), span=2)
    assert card.harmonised == {"size": 64, "quality": 70}


def test_spans_are_audited_together(make_folder, picture, encode, tmp_path):
    import_images(make_folder(tmp_path / "one", 40), tmp_path / "out", span=1)
    (tmp_path / "fakes").mkdir()
    for number in range(40):
        (tmp_path / "fakes" / f"{number}.png").write_bytes(encode(picture(9000 + number), "PNG"))
    rows = "".join(f"fakes/{number}.png,fake\n" for number in range(40))
    (tmp_path / "fakes.csv").write_text(f"path,label\n{rows}")
    strict = ImportOptions(strict=True, max_cue_auc=0.6)
    with pytest.raises(ShortcutError, match="format tells real from fake"):
        import_images(tmp_path / "fakes.csv", tmp_path / "out", strict, span=2)
    assert spans(tmp_path / "out") == [1]


def test_groups_of_two_sources_of_one_name_are_not_one(make_folder, tmp_path):
    for number, name in enumerate(("first", "second")):
        make_folder(tmp_path / name, 20, first_seed=number * 500)
        rows = [f"{label}/{n:03d}.jpg,{label},{n}" for label in ("real", "fake") for n in range(20)]
        (tmp_path / name / f"{name}.csv").write_text("\n".join(["path,label,group", *rows]))
        card = import_images(tmp_path / name / f"{name}.csv", tmp_path / "out", span=number + 1)
    assert card.groups["of_earlier_spans"] == 0
    assert card.groups["largest"] == 2
