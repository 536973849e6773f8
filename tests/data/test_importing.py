"""An import keeps or quarantines every file, repeats to the byte, and leaves nothing half-written."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict

import cloudpickle
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from data import beam_passes, span_import
from data.audit.shortcuts import ShortcutError
from data.card import read_card, read_cards
from data.card_text import card_text
from data.errors import BadInputError
from data.example import SPLITS, decode
from data.image_table import read_table, values
from data.images.decode_check import Limits, decode_rgb
from data.images.harmonising import Form
from data.images.perceptual_hash import DEFAULT_RADIUS, perceptual_hashes
from data.importing import import_images, is_up_to_date
from data.options import IN_MEMORY_RUNNER, HarmoniseOptions, ImportOptions
from data.record_folder import SCHEMA_FILE, record_files, spans
from data.schema import read_schema
from data.shards import Shard, ShardWriter

_IMPORT = """
import sys
from data.importing import import_images
span = int(sys.argv[3]) if len(sys.argv) > 3 else None
import_images(sys.argv[1], sys.argv[2], progress=lambda *step: print(*step, flush=True), span=span)
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory, make_folder, picture, encode):
    """62 images: 52 single ones, a near and an exact copy, a PNG, and 7 bad ones of 6 kinds; and a README."""
    root = make_folder(tmp_path_factory.mktemp("import") / "faces", 26)
    (root / "README.md").write_text("about")
    (root / "real" / "again.jpg").write_bytes(_near_copy((root / "real" / "000.jpg").read_bytes(), encode))
    (root / "fake" / "swap").mkdir()
    (root / "fake" / "swap" / "same.jpg").write_bytes((root / "fake" / "000.jpg").read_bytes())
    (root / "real" / "lossless.png").write_bytes(encode(picture(1000), "PNG"))
    (root / "real" / "empty.jpg").touch()
    (root / "real" / "text.jpg").write_text("no image")
    (root / "real" / "tiny.jpg").write_bytes(encode(picture(1001, 63)))
    (root / "fake" / "strip.jpg").write_bytes(encode(picture(1002, 200)[:64]))
    (root / "fake" / "dead.jpg").symlink_to("nowhere")
    for name in ("real", "fake"):
        (root / name / "both.jpg").write_bytes(encode(picture(2000)))
    return root


@pytest.fixture(scope="module")
def imported(source, tmp_path_factory):
    """The folder of an import of ``source``, in shards of 10 images, and its card."""
    out = tmp_path_factory.mktemp("out") / "records"
    return out, import_images(source, out, ImportOptions(max_quarantined_share=0.15, images_per_shard=10))


def _near_copy(encoded, encode):
    """A little darker, without loss: other bytes, and hardly another hash."""
    return encode(np.clip(decode_rgb(encoded).astype(int) - 2, 0, 255).astype(np.uint8), "PNG")


def _records(out, split=None):
    files = [path for one in ([split] if split else SPLITS) for path in record_files(out, one)]
    return [
        decode(raw.numpy())
        for raw in tf.data.TFRecordDataset([str(f) for f in files], compression_type="GZIP")
    ]


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def _content(folder):
    """Bytes of every file below a folder, by path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_file_is_kept_or_quarantined(imported):
    out, card = imported
    rows = _lines(out / "span-1" / "quarantine.jsonl")
    assert [(row["path"], row["label"], row["reason"]) for row in rows] == [
        ("fake/both.jpg", "fake", "conflicting_label"),
        ("fake/dead.jpg", "fake", "broken_link"),
        ("fake/strip.jpg", "fake", "extreme_aspect"),
        ("real/both.jpg", "real", "conflicting_label"),
        ("real/empty.jpg", "real", "empty"),
        ("real/text.jpg", "real", "not_an_image"),
        ("real/tiny.jpg", "real", "too_small"),
    ]
    assert all(row["detail"] for row in rows)
    assert (out / "span-1" / "leaks.jsonl").read_text() == ""
    assert card.found == 62
    assert card.kept == len(_records(out)) == 55
    assert sum(card.quarantined.values()) == 7
    assert card.left_out == 1


def test_the_records_hold_the_files_as_they_are(imported, source):
    out, _ = imported
    on_disk = Counter(path.read_bytes() for path in source.rglob("*.*g") if path.is_file())
    for record in _records(out):
        assert on_disk[record.encoded]
        assert (record.width, record.height, record.source, record.span) == (64, 64, "faces", 1)
    assert Counter(record.method for record in _records(out)) == {"none": 28, "unknown": 26, "swap": 1}


def test_the_card_counts_what_the_records_hold(imported):
    out, card = imported
    for split in SPLITS:
        counts = Counter(record.label for record in _records(out, split))
        assert card.splits[split] == {"real": counts[0], "fake": counts[1]}
    assert card.formats == {"real": {"jpeg": 26, "png": 2}, "fake": {"jpeg": 27}}
    assert card.methods == {"real": {"none": 28}, "fake": {"unknown": 26, "swap": 1}}
    assert (card.exact_copies, card.near_copies) == (1, 2)
    assert card.groups == {"count": 53, "largest": 2, "images_in_shared_groups": 4, "of_earlier_spans": 0}
    assert sum(shard["images"] for shard in card.shards) == 55
    assert sorted(shard["file"] for shard in card.shards) == sorted(p.name for p in out.rglob("*.gz"))
    assert max(shard["images"] for shard in card.shards) <= 10
    assert read_card(out) == card
    assert "62 images found, 55 kept, 7 quarantined" in card_text(card)


def test_the_table_has_a_row_for_every_record_in_their_order(imported):
    out, _ = imported
    table = read_table(out / "span-1")
    records = _records(out)
    for column in ("label", "sha256", "group", "source", "method", "width", "format", "jpeg_quality"):
        assert values(table, column) == [getattr(record, column) for record in records]
    assert values(table, "split") == [split for split in SPLITS for _ in _records(out, split)]


def test_no_group_lies_in_two_splits(imported):
    splits_of = defaultdict(set)
    for split in SPLITS:
        for record in _records(imported[0], split):
            splits_of[record.group].add(split)
    assert all(len(splits) == 1 for splits in splits_of.values())


def test_both_classes_are_mixed_within_a_split(imported):
    labels = [record.label for record in _records(imported[0], "train")]
    assert 0 < sum(labels[: len(labels) // 2]) < len(labels) // 2


@pytest.mark.parametrize(
    "running_mode",
    ["multi_threading", pytest.param("multi_processing", marks=pytest.mark.slow)],
)
def test_a_second_import_is_the_same_to_the_byte(imported, source, tmp_path, running_mode):
    out, card = imported
    workers = ("--direct_num_workers=2", f"--direct_running_mode={running_mode}")
    options = ImportOptions(
        max_quarantined_share=0.15, images_per_shard=10, beam_args=(IN_MEMORY_RUNNER, *workers)
    )
    assert import_images(source, tmp_path / "again", options) == card
    assert _content(tmp_path / "again") == _content(out)
    assert is_up_to_date(source, tmp_path / "again", options)


def test_an_archive_gives_the_same_records_as_the_folder_it_was_made_of(imported, source, tmp_path):
    out, card = imported
    with zipfile.ZipFile(tmp_path / "faces.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in source.rglob("*"):
            if path.is_file():  # A dead link cannot be packed.
                archive.write(path, path.relative_to(source))
    options = ImportOptions(max_quarantined_share=0.15, images_per_shard=10)
    of_archive = import_images(tmp_path / "faces.zip", tmp_path / "out", options)
    assert of_archive.shards == card.shards
    assert (of_archive.name, of_archive.found) == ("faces", 61)
    for split in SPLITS:
        assert [p.read_bytes() for p in record_files(tmp_path / "out", split)] == [
            p.read_bytes() for p in record_files(out, split)
        ]


def test_an_earlier_import_is_replaced_and_other_folders_are_not(make_folder, tmp_path):
    root = make_folder(tmp_path / "set", 12)
    out = tmp_path / "out"
    out.mkdir()
    import_images(root, out)
    assert len(record_files(out, "train")) == 1
    import_images(root, out, ImportOptions(images_per_shard=10))
    assert len(record_files(out, "train")) == 2
    (out / "thesis.txt").write_text("keep me")
    with pytest.raises(BadInputError, match=r"found thesis\.txt"):
        import_images(root, out)
    assert (out / "thesis.txt").exists()
    with pytest.raises(BadInputError, match="apart from each other"):
        import_images(root, root / "records")


def test_too_many_bad_files_stop_the_import(source, tmp_path):
    with pytest.raises(BadInputError) as caught:
        import_images(source, tmp_path / "out")
    message = str(caught.value)
    assert "Expected at most 5.0% unusable files, received 7 of 62 (11.3%)" in message
    assert "2 x conflicting_label" in message
    assert "real/empty.jpg (0 bytes)" in message
    assert "raise max_quarantined_share to 0.12" in message
    assert os.listdir(tmp_path) == []


def test_nothing_usable_is_an_error_whatever_the_share(tmp_path):
    for name in ("real", "fake"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "a.jpg").touch()
    with pytest.raises(BadInputError, match="Not one usable image"):
        import_images(tmp_path / "set", tmp_path / "out", ImportOptions(max_quarantined_share=1.0))
    assert not (tmp_path / "out").exists()


def test_a_file_that_changes_between_the_passes_is_named(make_folder, tmp_path, monkeypatch):
    root = make_folder(tmp_path / "set", 20)

    def grow(*args):
        with open(root / "real" / "003.jpg", "ab") as file:
            file.write(b"\0")
        (root / "fake" / "002.jpg").unlink()
        return importing_plan(*args)

    importing_plan = span_import.plan_shards
    monkeypatch.setattr(span_import, "plan_shards", grow)
    with pytest.raises(BadInputError, match=r"2 files changed or vanished, such as .*real/003\.jpg"):
        import_images(root, tmp_path / "out")
    assert os.listdir(tmp_path) == ["set"]


def _kill_while_it_writes(command, root, how):
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root) as process:
        while line := process.stdout.readline():
            if line.startswith(b"write 0"):
                break
        assert line, "ended before it wrote"
        process.send_signal(how)
        assert process.wait(timeout=30) != 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_import_leaves_nothing_half_written(make_folder, tmp_path, request, how):
    root = make_folder(tmp_path / "set", 150)
    command = [sys.executable, "-c", _IMPORT, str(root), str(tmp_path / "out")]
    _kill_while_it_writes(command, request.config.rootpath, how)
    assert (len(os.listdir(tmp_path)) == 2) == (how == signal.SIGKILL), "nothing was under way"
    assert not (tmp_path / "out").exists()
    import_images(root, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["out", "set"]


def test_progress_is_told_from_start_to_end(make_folder, tmp_path):
    steps = []
    import_images(make_folder(tmp_path / "set", 20), tmp_path / "out", progress=lambda *s: steps.append(s))
    for step in ("inspect", "group", "write"):
        own = [(done, total) for name, done, total in steps if name == step]
        assert own[0] == (0, 40)
        assert own[-1] == (40, 40)


def test_what_workers_run_can_be_pickled_by_both_of_beams_picklers(tmp_path):
    dill = pytest.importorskip("dill")
    inspect = beam_passes._Inspect(ImportOptions().limits, str(tmp_path / "tally"))
    writer = ShardWriter(str(tmp_path), Limits(max_pixels=7), 2, Form(64, 80))
    write = beam_passes._Write(writer, str(tmp_path / "tally"))
    shard = Shard("train-00000-of-00001.tfrecord.gz", "train", 3, str(tmp_path / "plan"))
    for pickler in (dill, cloudpickle, pickle):
        assert pickler.loads(pickler.dumps(inspect)).limits == inspect.limits
        assert pickler.loads(pickler.dumps(write)).writer == writer
        assert pickler.loads(pickler.dumps(shard)) == shard


# A mess: how often each kind of file occurs, beside enough good ones.

_FEWEST_GOOD = 16
_LIMITS = Limits(max_pixels=64 * 200)


def _bad_files(picture, encode):
    """Content by reason, of which any number may lie in a folder; None for a link that leads nowhere."""
    whole = encode(picture(3001))
    return {
        "empty": b"",
        "truncated": whole[: len(whole) // 2],
        "corrupt": whole[:80] + bytes(byte ^ 0x55 for byte in whole[80:-30]) + whole[-30:],
        "not_an_image": b"<html>404 not found</html>",
        "unsupported_format": encode(picture(3002), "GIF"),
        "grey": encode(picture(3003)[..., 1]),
        "too_small": encode(picture(3004, 63)),
        "extreme_aspect": encode(picture(3005, 193)[:, :64]),
        "too_large": encode(picture(3006, 114)),
        "broken_link": None,
    }


_REASONS = (
    *("empty", "truncated", "corrupt", "not_an_image", "unsupported_format"),
    *("grey", "too_small", "extreme_aspect", "too_large", "broken_link"),
)
_few = st.integers(0, 3)
messes = st.fixed_dictionaries(
    {
        "good": st.tuples(st.integers(_FEWEST_GOOD, 22), st.integers(_FEWEST_GOOD, 22)),
        "exact copies": st.tuples(_few, _few),
        "near copies": st.tuples(_few, _few),
        "conflicting": _few,
        "bad": st.fixed_dictionaries({reason: st.tuples(_few, _few) for reason in _REASONS}),
    }
)


def _make_mess(root, mess, picture, encode):
    """Makes the folder; returns the reason to expect of each bad file, by name."""
    expected = {}
    bad = _bad_files(picture, encode)

    def put(name, content):
        if content is None:
            (root / name).symlink_to("nowhere")
        else:
            (root / name).write_bytes(content)

    for label, folder in enumerate(("real", "fake")):
        (root / folder / "deep").mkdir(parents=True)
        for number in range(mess["good"][label]):
            put(f"{folder}/{number:02d}.jpg", encode(picture(2 * number + label)))
        for number in range(mess["exact copies"][label]):
            put(f"{folder}/deep/exact{number}.jpg", encode(picture(label)))
        for number in range(mess["near copies"][label]):
            put(f"{folder}/near{number}.png", _near_copy(encode(picture(2 * number + label)), encode))
        for number in range(mess["conflicting"]):
            put(f"{folder}/both{number}.jpg", encode(picture(4000 + number)))
            expected[f"{folder}/both{number}.jpg"] = "conflicting_label"
        for reason, counts in mess["bad"].items():
            for number in range(counts[label]):
                put(f"{folder}/deep/{reason}{number}.jpg", bad[reason])
                expected[f"{folder}/deep/{reason}{number}.jpg"] = reason
    return expected


# An example takes a second, and making a failing one smaller takes hundreds.
@settings(
    deadline=None,
    max_examples=12,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(mess=messes, seed=st.integers(0, 3))
def test_of_any_mess_every_file_is_kept_or_listed(tmp_path_factory, picture, encode, mess, seed):
    root = tmp_path_factory.mktemp("mess") / "set"
    expected = _make_mess(root, mess, picture, encode)
    out = root.with_name("out")
    options = ImportOptions(max_quarantined_share=1.0, limits=_LIMITS, seed=seed, images_per_shard=7)
    try:
        card = import_images(root, out, options)
    except BadInputError as error:
        assume("a group is never split" not in str(error))
        raise
    listed = _lines(out / "span-1" / "quarantine.jsonl")
    assert {row["path"]: row["reason"] for row in listed} == expected
    assert len(listed) == len(expected)
    assert all(row["label"] == row["path"][:4] for row in listed)
    assert card.quarantined == Counter(expected.values())
    files = [path for path in root.rglob("*") if path.is_symlink() or path.is_file()]
    assert card.found == len(files) == card.kept + sum(card.quarantined.values())
    kept = {
        str(p.relative_to(root)): p.read_bytes() for p in files if str(p.relative_to(root)) not in expected
    }
    records = _records(out)
    assert Counter(record.encoded for record in records) == Counter(kept.values())
    assert Counter(record.label for record in records) == Counter(name[:4] == "fake" for name in kept)
    table = read_table(out / "span-1")
    assert sorted(values(table, "name")) == sorted(kept)
    group_of = dict(zip(values(table, "name"), values(table, "group"), strict=True))
    split_of = dict(zip(values(table, "group"), values(table, "split"), strict=True))
    assert len(set(zip(values(table, "group"), values(table, "split"), strict=True))) == len(split_of)
    for name, group in group_of.items():
        folder, file = name.split("/")[0], name.split("/")[-1]
        if file.startswith("exact"):
            assert group == group_of[f"{folder}/00.jpg"]
        if file.startswith("near"):
            assert group == group_of[f"{folder}/{int(file[4]):02d}.jpg"]
    assert len(split_of) == sum(mess["good"])


# A list of images, with splits of its own.


@pytest.fixture(scope="module")
def listed(tmp_path_factory, make_folder, picture, encode):
    """A list of 60 strangers and 3 copies: a near and an exact one across the splits, and one within; by its path."""
    root = make_folder(tmp_path_factory.mktemp("listed") / "set", 30)
    rows = ["path,label,split,group,generator,note"]
    for number in range(60):
        name = f"{('real', 'fake')[number % 2]}/{number // 2:03d}.jpg"
        split = ("train", "validation", "test", "train", "train")[number // 2 % 5]
        group = "photo" if number in (20, 22) else ""
        rows.append(
            f"{name},{number % 2},{split},{group},{('none', 'gan', '', 'swap')[number % 4]},é{number % 2}"
        )
    for near, name in (("near", "000"), ("within", "004")):
        content = (root / "real" / f"{name}.jpg").read_bytes()
        (root / "real" / f"{near}.jpg").write_bytes(_near_copy(content, encode))  # 000 is in train.
    shutil.copy(root / "fake" / "001.jpg", root / "fake" / "exact.jpg")  # In val.
    rows += ["real/near.jpg,0,test,,x,é0", "fake/exact.jpg,1,test,,x,é1", "real/within.jpg,0,train,,x,é0"]
    (root / "list.csv").write_text("\n".join(rows) + "\n")
    return root / "list.csv"


#: Groups that the list's splits tear apart: a path and its split each.
_LEAKS = [
    {("real/000.jpg", "train"), ("real/near.jpg", "test")},
    {("fake/001.jpg", "val"), ("fake/exact.jpg", "test")},
    {("real/010.jpg", "train"), ("real/011.jpg", "val")},
]


def _leaks_of(out):
    groups = defaultdict(set)
    for row in _lines(out / "span-1" / "leaks.jsonl"):
        assert row["label"] == row["path"][:4]
        groups[row["group"]].add((row["path"], row["split"]))
    return list(groups.values())


@pytest.fixture(scope="module")
def imported_list(listed):
    out = listed.parent.with_name("out")
    return out, import_images(listed, out)


def test_an_official_split_is_kept_and_its_leaks_are_listed(imported_list):
    out, card = imported_list
    assert card.kept == card.found == 63
    assert card.splits == {
        "train": {"real": 19, "fake": 18},
        "val": {"real": 6, "fake": 6},
        "test": {"real": 7, "fake": 7},
    }
    leaks = _leaks_of(out)
    assert len(leaks) == len(_LEAKS)
    assert all(leak in leaks for leak in _LEAKS)
    assert card.leaks == {"groups": 3, "images": 6, "dropped": 0}
    assert "LEAK" in card_text(card)
    assert "--drop-leaks" in card_text(card)


def test_leaks_can_be_dropped_from_the_earlier_splits(listed, imported_list, tmp_path):
    out = tmp_path / "out"
    card = import_images(listed, out, ImportOptions(drop_leaks=True))
    assert _leaks_of(out) == _leaks_of(imported_list[0])
    assert card.leaks == {"groups": 3, "images": 6, "dropped": 1}
    assert card.quarantined == {"leak": 3}
    rows = _lines(out / "span-1" / "quarantine.jsonl")
    assert {row["path"] for row in rows} == {"real/000.jpg", "fake/001.jpg", "real/010.jpg"}
    names = values(read_table(out / "span-1"), "name")
    assert len(names) == len(_records(out)) == card.kept == 60
    assert {"real/near.jpg", "fake/exact.jpg", "real/011.jpg"} <= set(names)
    assert len({(r.group, s) for s in SPLITS for r in _records(out, s)}) == card.groups["count"] == 59
    assert "were left out" in card_text(card)


def test_official_splits_can_be_set_aside(listed, tmp_path):
    card = import_images(listed, tmp_path / "out", ImportOptions(official_splits=False))
    assert card.leaks["groups"] == 0
    assert card.splits["train"] != {"real": 19, "fake": 18}


def test_a_lists_columns_travel_into_records_and_schema(imported_list):
    out, card = imported_list
    of_values = Counter(record.columns["generator"] for record in _records(out))
    assert of_values == {"none": 15, "gan": 15, "unknown": 15, "swap": 15, "x": 3}
    assert {record.columns["note"] for record in _records(out)} == {"é0", "é1"}
    assert all(record.columns["note"] == f"é{record.label}" for record in _records(out))
    assert card.columns == {"generator": dict(of_values), "note": {"é0": 32, "é1": 31}}
    features = {feature.name: feature for feature in read_schema(out).feature}
    assert list(features["slice/generator"].string_domain.value) == sorted(of_values)
    assert list(features["slice/note"].string_domain.value) == ["é0", "é1"]
    assert list(features["source"].string_domain.value) == ["list"]
    keys = tf.train.Example.FromString(
        next(iter(tf.data.TFRecordDataset(str(record_files(out, "val")[0]), "GZIP"))).numpy()
    ).features.feature
    assert set(keys) == {name for name in features if not name.startswith("synthetic/")}


# Shortcuts, and what harmonising does about them.


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
    records = _records(out)
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
    assert _content(tmp_path / "again") == _content(out)


def test_a_later_span_finds_its_copies_among_harmonised_images(harmonised, leaking, tmp_path, encode):
    out = shutil.copytree(harmonised[0], tmp_path / "out")
    for path in sorted(leaking.rglob("*.jpg"))[::5]:
        copy = tmp_path / "set" / path.relative_to(leaking)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(_near_copy(path.read_bytes(), encode))
    card = import_images(tmp_path / "set", out, ImportOptions(harmonise=HarmoniseOptions()), span=2)
    assert card.groups["of_earlier_spans"] == card.kept == 16
    earlier, later = _places(out, 1), _places(out, 2)
    assert later == {name: earlier[name] for name in later}


# Spans.


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
            (two / name / f"near{number}.jpg").write_bytes(_near_copy(content, encode))
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
    before = _content(out)
    cards.append(import_images(two, out, _OPTIONS, span=2))
    return out, cards, before


def _places(out, span):
    """Group and split of each image, by name."""
    columns = [values(read_table(out / f"span-{span}"), key) for key in ("name", "group", "split")]
    return {name: (group, split) for name, group, split in zip(*columns, strict=True)}


def test_a_second_span_leaves_the_first_as_it_is(two_spans):
    out, cards, before = two_spans
    assert spans(out) == [1, 2]
    assert {name: content for name, content in _content(out).items() if "span-2" not in name} == before
    assert read_cards(out) == cards
    assert [card.span for card in cards] == [1, 2]
    assert Counter(record.span for record in _records(out)) == {card.span: card.kept for card in cards}


def test_near_copies_of_an_earlier_span_follow_it_into_its_group_and_split(two_spans):
    out, (first, second), _ = two_spans
    earlier, later = _places(out, 1), _places(out, 2)
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
    earlier, later = _places(out, 1), _places(out, 2)
    rows = {row["path"]: row for row in _lines(out / "span-2" / "quarantine.jsonl")}
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
    before = _content(out)
    shutil.rmtree(out / "span-2" / "")
    import_images(deliveries[1], out, _OPTIONS, span=2)
    assert _content(out) == before
    import_images(deliveries[1], out, _OPTIONS, span=2)
    assert _content(out) == before


def test_spans_come_one_after_the_other(two_spans, deliveries, tmp_path):
    out = two_spans[0]
    before = _content(out)
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
    assert _content(out) == before
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_import_of_a_second_span_leaves_the_first_untouched(make_folder, tmp_path, request, how):
    one, two = make_folder(tmp_path / "one", 12), make_folder(tmp_path / "two", 80, first_seed=100)
    out = tmp_path / "out"
    import_images(one, out, span=1)
    before = _content(out)
    command = [sys.executable, "-c", _IMPORT, str(two), str(out), "2"]
    _kill_while_it_writes(command, request.config.rootpath, how)
    assert spans(out) == [1]
    assert {name: content for name, content in _content(out).items() if not name.startswith(".")} == before
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
    [row] = _lines(tmp_path / "out" / "span-2" / "quarantine.jsonl")
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


def test_a_schema_that_was_edited_survives_another_import(make_folder, tmp_path):
    one, out = make_folder(tmp_path / "one", 20), tmp_path / "out"
    import_images(one, out)
    made = (out / SCHEMA_FILE).read_text()
    import_images(one, out, ImportOptions(seed=1))
    assert (out / SCHEMA_FILE).read_text() == made
    (out / SCHEMA_FILE).write_text(made.replace("threshold: 0.3", "threshold: 0.5"))
    import_images(make_folder(tmp_path / "other", 20), out)
    kept = read_schema(out)
    [width] = [feature for feature in kept.feature if feature.name == "image/width"]
    [source] = [feature for feature in kept.feature if feature.name == "source"]
    assert width.drift_comparator.jensen_shannon_divergence.threshold == 0.5
    assert list(source.string_domain.value) == ["one", "other"]


def test_groups_of_two_sources_of_one_name_are_not_one(make_folder, tmp_path):
    for number, name in enumerate(("first", "second")):
        make_folder(tmp_path / name, 20, first_seed=number * 500)
        rows = [f"{label}/{n:03d}.jpg,{label},{n}" for label in ("real", "fake") for n in range(20)]
        (tmp_path / name / f"{name}.csv").write_text("\n".join(["path,label,group", *rows]))
        card = import_images(tmp_path / name / f"{name}.csv", tmp_path / "out", span=number + 1)
    assert card.groups["of_earlier_spans"] == 0
    assert card.groups["largest"] == 2


def test_names_of_any_bytes_are_listed(make_folder, tmp_path):
    root = make_folder(tmp_path / "set", 20)
    for label in ("real", "fake"):
        (root / label / os.fsdecode(b"\xff1.jpg")).write_bytes((root / "real" / "000.jpg").read_bytes())
    card = import_images(root, tmp_path / "out", ImportOptions(max_quarantined_share=0.5))
    assert card.quarantined == {"conflicting_label": 3}
    with pytest.raises(BadInputError, match="whose name is UTF-8"):
        import_images(root, tmp_path / os.fsdecode(b"out\xff"))
