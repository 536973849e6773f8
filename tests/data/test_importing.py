"""An import keeps or quarantines every file, repeats to the byte, and leaves nothing half-written."""

import os
import pickle
import signal
import zipfile
from collections import Counter, defaultdict

import cloudpickle
import pytest
from importing_checks import content_of, kill_while_it_writes, lines, near_copy, records_of

from data import beam_passes, span_import
from data.card import read_card
from data.card_text import card_text
from data.errors import BadInputError
from data.example import SPLITS
from data.image_table import read_table, values
from data.images.decode_check import Limits
from data.images.harmonising import Form
from data.importing import import_images, is_up_to_date
from data.options import IN_MEMORY_RUNNER, ImportOptions
from data.record_folder import SCHEMA_FILE, record_files
from data.schema import read_schema
from data.shards import Shard, ShardWriter


@pytest.fixture(scope="module")
def source(tmp_path_factory, make_folder, picture, encode):
    """62 images: 52 single ones, a near and an exact copy, a PNG, and 7 bad ones of 6 kinds; and a README."""
    root = make_folder(tmp_path_factory.mktemp("import") / "faces", 26)
    (root / "README.md").write_text("about")
    (root / "real" / "again.jpg").write_bytes(near_copy((root / "real" / "000.jpg").read_bytes(), encode))
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


def test_every_file_is_kept_or_quarantined(imported):
    out, card = imported
    rows = lines(out / "span-1" / "quarantine.jsonl")
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
    assert card.kept == len(records_of(out)) == 55
    assert sum(card.quarantined.values()) == 7
    assert card.left_out == 1


def test_the_records_hold_the_files_as_they_are(imported, source):
    out, _ = imported
    on_disk = Counter(path.read_bytes() for path in source.rglob("*.*g") if path.is_file())
    for record in records_of(out):
        assert on_disk[record.encoded]
        assert (record.width, record.height, record.source, record.span) == (64, 64, "faces", 1)
    assert Counter(record.method for record in records_of(out)) == {"none": 28, "unknown": 26, "swap": 1}


def test_the_card_counts_what_the_records_hold(imported):
    out, card = imported
    for split in SPLITS:
        counts = Counter(record.label for record in records_of(out, split))
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
    records = records_of(out)
    for column in ("label", "sha256", "group", "source", "method", "width", "format", "jpeg_quality"):
        assert values(table, column) == [getattr(record, column) for record in records]
    assert values(table, "split") == [split for split in SPLITS for _ in records_of(out, split)]


def test_no_group_lies_in_two_splits(imported):
    splits_of = defaultdict(set)
    for split in SPLITS:
        for record in records_of(imported[0], split):
            splits_of[record.group].add(split)
    assert all(len(splits) == 1 for splits in splits_of.values())


def test_both_classes_are_mixed_within_a_split(imported):
    labels = [record.label for record in records_of(imported[0], "train")]
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
    assert content_of(tmp_path / "again") == content_of(out)
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


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_import_leaves_nothing_half_written(make_folder, tmp_path, request, how):
    root = make_folder(tmp_path / "set", 150)
    kill_while_it_writes(request.config.rootpath, how, root, tmp_path / "out")
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


def test_names_of_any_bytes_are_listed(make_folder, tmp_path):
    root = make_folder(tmp_path / "set", 20)
    for label in ("real", "fake"):
        (root / label / os.fsdecode(b"\xff1.jpg")).write_bytes((root / "real" / "000.jpg").read_bytes())
    card = import_images(root, tmp_path / "out", ImportOptions(max_quarantined_share=0.5))
    assert card.quarantined == {"conflicting_label": 3}
    with pytest.raises(BadInputError, match="whose name is UTF-8"):
        import_images(root, tmp_path / os.fsdecode(b"out\xff"))
