"""An import keeps or quarantines every file, repeats to the byte, and leaves nothing half-written."""

import json
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter, defaultdict

import cloudpickle
import pytest
import tensorflow as tf

from data import beam_passes, importing
from data.card import read_card
from data.errors import BadInputError
from data.example import SPLITS, decode
from data.importing import import_images, is_up_to_date
from data.options import IN_MEMORY_RUNNER, ImportOptions
from data.shards import write_shard
from data.sources import SourceImage
from data.sources.base import ImageSource

_IMPORT = """
import sys
from data.importing import import_images
import_images(sys.argv[1], sys.argv[2], progress=lambda *step: print(*step, flush=True))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory, make_folder, picture, encode):
    """60 files: 52 single images, a saved-again copy, an exact copy, a PNG, and 5 bad files of 4 kinds."""
    root = make_folder(tmp_path_factory.mktemp("import") / "faces", 26)
    (root / "README.md").write_text("about")
    (root / "real" / "again.jpg").write_bytes(encode(picture(0), quality=60))
    (root / "fake" / "swap").mkdir()
    (root / "fake" / "swap" / "same.jpg").write_bytes((root / "fake" / "000.jpg").read_bytes())
    (root / "real" / "lossless.png").write_bytes(encode(picture(1000), "PNG"))
    (root / "real" / "empty.jpg").touch()
    (root / "real" / "text.jpg").write_text("no image")
    (root / "fake" / "dead.jpg").symlink_to("nowhere")
    for name in ("real", "fake"):
        (root / name / "both.jpg").write_bytes(encode(picture(2000)))
    return root


@pytest.fixture(scope="module")
def imported(source, tmp_path_factory):
    """The folder of an import of ``source``, in shards of 10 images, and its card."""
    out = tmp_path_factory.mktemp("out") / "records"
    return out, import_images(source, out, ImportOptions(max_quarantined_share=0.1, images_per_shard=10))


def _records(folder, split="*"):
    files = sorted(folder.glob(f"{split}-*.tfrecord.gz"))
    return [
        decode(raw.numpy())
        for raw in tf.data.TFRecordDataset([str(f) for f in files], compression_type="GZIP")
    ]


def test_every_file_is_kept_or_quarantined(imported):
    out, card = imported
    rows = [json.loads(line) for line in (out / "quarantine.jsonl").read_text().splitlines()]
    assert {(row["path"], row["label"], row["reason"]) for row in rows} == {
        ("real/empty.jpg", "real", "empty"),
        ("real/text.jpg", "real", "not_an_image"),
        ("fake/dead.jpg", "fake", "broken_link"),
        ("real/both.jpg", "real", "conflicting_label"),
        ("fake/both.jpg", "fake", "conflicting_label"),
    }
    assert all(row["detail"] for row in rows)
    records = _records(out)
    assert card.found == 60
    assert card.kept == len(records) == 55
    assert sum(card.quarantined.values()) == 5
    assert card.left_out == 1


def test_the_records_hold_the_files_as_they_are(imported, source):
    out, _ = imported
    on_disk = Counter(path.read_bytes() for path in source.rglob("*.*g") if path.is_file())
    for record in _records(out):
        assert on_disk[record.encoded]
        assert (record.width, record.height, record.source) == (64, 64, "faces")
    assert Counter(record.method for record in _records(out)) == {"none": 28, "unknown": 26, "swap": 1}


def test_the_card_counts_what_the_records_hold(imported):
    out, card = imported
    for split in SPLITS:
        counts = Counter(record.label for record in _records(out, split))
        assert card.splits[split] == {"real": counts[0], "fake": counts[1]}
    assert card.formats == {"real": {"jpeg": 27, "png": 1}, "fake": {"jpeg": 27}}
    assert card.methods == {"real": {"none": 28}, "fake": {"unknown": 26, "swap": 1}}
    assert card.exact_copies == 1
    assert (card.groups["count"], card.groups["largest"], card.groups["images_in_shared_groups"]) == (
        53,
        2,
        4,
    )
    assert sum(shard["images"] for shard in card.shards) == 55
    assert sorted(shard["file"] for shard in card.shards) == sorted(p.name for p in out.glob("*.gz"))
    assert max(shard["images"] for shard in card.shards) <= 10
    assert read_card(out) == card
    assert "60 files found, 55 images kept, 5 quarantined" in card.summary()


def test_no_group_lies_in_two_splits(imported):
    splits_of = defaultdict(set)
    for split in SPLITS:
        for record in _records(imported[0], split):
            splits_of[record.group].add(split)
    assert all(len(splits) == 1 for splits in splits_of.values())


def test_both_classes_are_mixed_within_a_split(imported):
    labels = [record.label for record in _records(imported[0], "train")]
    assert 0 < sum(labels[: len(labels) // 2]) < len(labels) // 2


def test_a_second_import_is_the_same_to_the_byte(imported, source, tmp_path):
    out, card = imported
    options = ImportOptions(
        max_quarantined_share=0.1, images_per_shard=10, beam_args=(IN_MEMORY_RUNNER, "--direct_num_workers=2")
    )
    assert import_images(source, tmp_path / "again", options) == card
    for path in out.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
    assert is_up_to_date(source, tmp_path / "again", options)


def test_an_earlier_import_is_replaced_and_other_folders_are_not(source, tmp_path):
    options = ImportOptions(max_quarantined_share=0.1)
    out = tmp_path / "out"
    out.mkdir()
    import_images(source, out, options)
    import_images(source, out, ImportOptions(max_quarantined_share=0.1, images_per_shard=20))
    assert len(list(out.glob("train-*"))) == 2
    (out / "thesis.txt").write_text("keep me")
    with pytest.raises(BadInputError, match=r"found thesis\.txt"):
        import_images(source, out, options)
    assert (out / "thesis.txt").exists()
    with pytest.raises(BadInputError, match="apart from each other"):
        import_images(source, source / "records", options)


def test_too_many_bad_files_stop_the_import(source, tmp_path):
    with pytest.raises(BadInputError) as caught:
        import_images(source, tmp_path / "out")
    message = str(caught.value)
    assert "Expected at most 5.0% unusable files, received 5 of 60 (8.3%)" in message
    assert "2 x conflicting_label" in message
    assert "real/empty.jpg (0 bytes)" in message
    assert "raise max_quarantined_share to 0.09" in message
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
        return importing_plan(*args)

    importing_plan = importing.plan_shards
    monkeypatch.setattr(importing, "plan_shards", grow)
    with pytest.raises(BadInputError, match=r"1 files changed or vanished, such as real/003\.jpg"):
        import_images(root, tmp_path / "out")
    assert os.listdir(tmp_path) == ["set"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_import_leaves_nothing_half_written(make_folder, tmp_path, request, how):
    root = make_folder(tmp_path / "set", 150)
    command = [sys.executable, "-c", _IMPORT, str(root), str(tmp_path / "out")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=request.config.rootpath
    ) as process:
        while not process.stdout.readline().startswith(b"write 0"):
            pass
        assert len(os.listdir(tmp_path)) == 2, "nothing was under way"
        process.send_signal(how)
        assert process.wait(timeout=30) != 0
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


class _OfficiallySplit(ImageSource):
    """Sixty scenes with a split of the source's own, one scene in two of its splits."""

    layout = "official"

    def __iter__(self):
        for number, path in enumerate(sorted(self.root.rglob("*.jpg"))):
            split = SPLITS[number % 3]
            name = path.relative_to(self.root).as_posix()
            group = "photo" if number < 2 else None
            yield SourceImage(str(path), name, int(name.startswith("fake")), "s", "m", group, split)

    def left_out(self):
        return []


def test_an_official_split_is_kept_and_its_leaks_are_counted(make_folder, tmp_path):
    root = make_folder(tmp_path / "set", 15)
    card = import_images(_OfficiallySplit(root), tmp_path / "out")
    assert card.splits == {split: {"real": 5, "fake": 5} for split in SPLITS}
    assert card.groups["across_official_splits"] == 1
    assert "LEAK" in card.summary()


def test_what_workers_run_can_be_pickled_by_both_of_beams_picklers(tmp_path):
    dill = pytest.importorskip("dill")
    step = beam_passes._Inspect(ImportOptions().limits, str(tmp_path / "tally"))
    for pickler in (dill, cloudpickle, pickle):
        assert pickler.loads(pickler.dumps(step)).limits == step.limits
        assert pickler.loads(pickler.dumps(write_shard)) is write_shard
