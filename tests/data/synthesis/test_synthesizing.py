"""Making images: what is written, what is kept back, and going on after anything."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from plain_makers import Blurring, Inverting

from data.errors import BadInputError
from data.example import FAKE, REAL
from data.images.decode_check import decode_rgb
from data.sources import open_source
from data.synthesis.drawing import child_seed
from data.synthesis.maker import Child
from data.synthesis.makers.control import ControlMaker
from data.synthesis.opening import open_parents
from data.synthesis.synthesizing import synthesize

ROOT = Path(__file__).parents[3]


class LabelKept(Blurring):
    name = "kept"
    label = None
    parent_labels = (REAL, FAKE)


def _files(folder: Path, but: tuple[str, ...] = ("journal.jsonl",)) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in but
    }


def _rows(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def uninterrupted(reals, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "inverted"
    synthesize(Inverting(), reals, folder, 30, seed=5)
    return folder


def test_children_and_their_manifest(reals, inverting, tmp_path):
    told = []
    done = synthesize(inverting, reals, tmp_path / "out", 30, 5, progress=lambda *step: told.append(step))
    assert (done.made, done.reused, done.labels, done.parents) == (30, 0, {"fake": 30}, 24)
    assert (done.manifest, done.gallery) == (tmp_path / "out/manifest.jsonl", tmp_path / "out/gallery.html")
    assert [step for step in told if step[0] == "make"] == [
        ("make", done, 30) for done in (*range(0, 30, 4), 30)
    ]
    assert {step[0] for step in told} == {"read", "make", "audit"}
    rows = _rows(tmp_path / "out")
    parents = open_parents(reals, "train", (REAL,))
    position = {parents.key(at): at for at in range(24)}
    assert len({row["synthetic_parent"] for row in rows[:24]}) == 24
    with parents.reading(range(24)) as read:
        for number, row in enumerate(rows):
            parent = read(position[row["synthetic_parent"]])
            encoded = (tmp_path / "out" / row["path"]).read_bytes()
            assert np.abs(decode_rgb(encoded).astype(int) - (255 - parent.pixels)).mean() < 4
            suffix = ".jpg" if parent.encoded[:2] == b"\xff\xd8" else ".png"
            seed = child_seed(5, number)
            assert row == {
                "path": f"images/00000/{number:08d}{suffix}",
                "label": "fake",
                "split": "train",
                "group": parent.group,
                "source": "own",
                "method": "inverting",
                "synthetic_maker": "inverting",
                "synthetic_edit": "invert",
                "synthetic_parent": parent.sha256,
                "synthetic_seed": seed,
                "synthetic_strength": float(seed % 7),
                "synthetic_prompt": f"<{seed}>",
                "synthetic_model": "",
                "synthetic_revision": "",
            }
    images = list(open_source(tmp_path / "out/manifest.jsonl"))
    assert [(image.label, image.split, image.method) for image in images] == [(1, "train", "inverting")] * 30
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == sorted(
        ["audit.json", "gallery.html", "images", "journal.jsonl", "manifest.jsonl", "synthesis.json"]
    )


def test_of_the_test_split(reals, inverting, tmp_path):
    assert synthesize(inverting, reals, tmp_path / "out", 5, split="test").audit is None
    assert {row["split"] for row in _rows(tmp_path / "out")} == {"test"}
    with pytest.raises(BadInputError, match="nothing edits validation images"):
        synthesize(inverting, reals, tmp_path / "other", 5, split="val")


def test_control_keeps_pixels_label_and_size_of_file(reals, tmp_path):
    done = synthesize(ControlMaker(), reals, tmp_path / "out", 24)
    assert (done.labels, done.audit.suspects) == ({"real": 24}, ())
    parents = open_parents(reals, "train", (REAL,))
    position = {parents.key(at): at for at in range(24)}
    sizes = []
    with parents.reading(range(24)) as read:
        for row in _rows(tmp_path / "out"):
            assert (row["label"], row["method"]) == ("real", "control")
            parent = read(position[row["synthetic_parent"]])
            encoded = (tmp_path / "out" / row["path"]).read_bytes()
            assert np.abs(decode_rgb(encoded).astype(int) - parent.pixels).mean() < 3
            sizes.append(len(encoded) / len(parent.encoded))
    assert np.mean(sizes) == pytest.approx(1, abs=0.01)


def test_more_are_added_and_nothing_is_made_twice(reals, uninterrupted, inverting, tmp_path):
    first = synthesize(inverting, reals, tmp_path / "out", 10, seed=5)
    images = tmp_path / "out/images"
    before = {name: (images / name).stat().st_mtime_ns for name in _files(images)}
    make, inverting.make = inverting.make, lambda parents, seeds: []
    with pytest.raises(ValueError, match="Expected 4 children of inverting, received 0"):
        synthesize(inverting, reals, tmp_path / "out", 30, seed=5)
    # What is listed has been audited as a whole.
    assert not (tmp_path / "out/manifest.jsonl").exists()
    inverting.make = make
    second = synthesize(inverting, reals, tmp_path / "out", 30, seed=5)
    assert (first.made, second.made, second.reused) == (10, 20, 10)
    assert before == {name: (images / name).stat().st_mtime_ns for name in before}
    assert _files(tmp_path / "out") == _files(uninterrupted)
    third = synthesize(inverting, reals, tmp_path / "out", 30, seed=5)
    assert (third.made, third.reused) == (0, 30)
    assert _files(tmp_path / "out") == _files(uninterrupted)
    with pytest.raises(BadInputError, match="count of 30 or more, received 29"):
        synthesize(inverting, reals, tmp_path / "out", 29, seed=5)


def test_a_failure_in_the_middle_and_damage_are_mended(reals, uninterrupted, inverting, tmp_path):
    make, calls = inverting.make, []

    def fail_later(parents, seeds):
        calls.append(len(parents))
        if len(calls) == 4:
            raise RuntimeError("out of memory")
        return make(parents, seeds)

    inverting.make = fail_later
    out = tmp_path / "out"
    with pytest.raises(RuntimeError, match="out of memory"):
        synthesize(inverting, reals, out, 30, seed=5)
    assert not (out / "manifest.jsonl").exists()
    images = sorted((out / "images").rglob("*.*"))
    assert len(images) == 12
    images[0].unlink()
    images[5].write_bytes(images[6].read_bytes())
    images[7].with_name("00000007.jpg.partial").write_bytes(b"half")
    with open(out / "journal.jsonl", "ab") as journal:
        journal.write(b'{"child": 12, "sha')
    inverting.batch_size = 7
    done = synthesize(inverting, reals, out, 30, seed=5)
    assert (done.made, done.reused) == (20, 10)
    assert _files(out) == _files(uninterrupted)


_KILLED = """
import sys, time
sys.path[:0] = [sys.argv[3]]
from plain_makers import Inverting
from data.synthesis.synthesizing import synthesize
make = Inverting.make
def slowly(self, parents, seeds):
    time.sleep(0.3)
    return make(self, parents, seeds)
Inverting.make = slowly
synthesize(Inverting(), sys.argv[1], sys.argv[2], 30, seed=5)
"""


@pytest.mark.slow
def test_after_a_kill_the_same_bytes_come_out(reals, uninterrupted, inverting, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-c", _KILLED, reals, out, ROOT / "tests/support"]
    process = subprocess.Popen([*map(str, command)], cwd=ROOT, stderr=subprocess.DEVNULL)
    journal = out / "journal.jsonl"
    ends = time.monotonic() + 120
    while not journal.exists() or journal.read_bytes().count(b"\n") < 9:
        assert process.poll() is None
        assert time.monotonic() < ends
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (out / "manifest.jsonl").exists()
    done = synthesize(inverting, reals, out, 30, seed=5)
    assert 9 <= done.reused < 30
    assert _files(out) == _files(uninterrupted)
    assert _files(out, ()) == _files(uninterrupted, ())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 6}, r"another seed \(seed 5 before, 6 now\)"),
        ({"split": "test"}, "another split"),
        ({"maker": ControlMaker()}, "another maker"),
        ({"settings": {"by": 254}}, r"other settings of the maker \(by \d+ before, 254 now\)"),
        ({"revision": "2"}, "another revision of the model"),
        ({"records": True}, "other images to edit"),
    ],
)
def test_what_was_begun_otherwise_is_refused_and_left_alone(
    uninterrupted, reals, inverting, write_records, picture, encode, tmp_path, change, words
):
    before = _files(uninterrupted)
    if "settings" in change:
        inverting.settings = lambda: change["settings"]
    if "revision" in change:
        inverting.revision = change["revision"]
    records = reals
    if "records" in change:
        image = {"encoded": encode(picture(77)), "label": REAL, "split": "train"}
        records = write_records(tmp_path / "records", [image])
    with pytest.raises(BadInputError, match=words):
        synthesize(
            change.get("maker", inverting),
            records,
            uninterrupted,
            40,
            seed=change.get("seed", 5),
            split=change.get("split", "train"),
        )
    assert _files(uninterrupted) == before


def test_what_is_somebody_elses_is_left_alone(reals, inverting, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").write_text("mine")
    with pytest.raises(BadInputError, match=r"found thesis\.txt"):
        synthesize(inverting, reals, tmp_path / "out", 3)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
    # Names like ours, but nothing that says so.
    (tmp_path / "out/thesis.txt").rename(tmp_path / "out/manifest.jsonl")
    with pytest.raises(BadInputError, match=r"found manifest\.jsonl"):
        synthesize(inverting, reals, tmp_path / "out", 3)
    for folder in (reals / "out", reals, reals.parent):
        with pytest.raises(BadInputError, match="apart from"):
            synthesize(inverting, reals, folder, 3)
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file/out"):
        with pytest.raises(BadInputError):
            synthesize(inverting, reals, folder, 3)


def test_a_shortcut_keeps_the_manifest_of_new_labels_back(reals, tmp_path):
    done = synthesize(Blurring(), reals, tmp_path / "out", 24)
    assert "sharpness" in done.audit.suspects
    assert done.manifest is None
    assert not (tmp_path / "out/manifest.jsonl").exists()
    assert "sharpness" in json.loads((tmp_path / "out/audit.json").read_text())["audit"]["suspects"]
    assert "Shortcut: " in (tmp_path / "out/gallery.html").read_text()
    accepted = synthesize(Blurring(), reals, tmp_path / "out", 24, accept_shortcuts=True)
    assert (accepted.made, len(_rows(tmp_path / "out"))) == (0, 24)
    # Asked once more without, it is no longer offered.
    assert synthesize(Blurring(), reals, tmp_path / "out", 24).manifest is None
    assert not (tmp_path / "out/manifest.jsonl").exists()


def test_where_labels_are_kept_it_is_only_told(reals, tmp_path):
    done = synthesize(LabelKept(), reals, tmp_path / "out", 27)
    assert "sharpness" in done.audit.suspects
    assert done.labels == {"real": 24, "fake": 3}
    assert {(row["label"], row["method"]) for row in _rows(done.manifest.parent)} == {
        ("real", "kept"),
        ("fake", "kept"),
    }


def test_a_child_of_another_size_is_no_child(reals, tmp_path):
    maker = ControlMaker()
    maker.make = lambda parents, seeds: [Child(one.pixels[:-1], 0.0) for one in parents]
    with pytest.raises(ValueError, match=r"Expected a child of uint8 \(64, 64, 3\) of control"):
        synthesize(maker, reals, tmp_path / "out", 3)


def test_children_do_not_depend_on_the_split_of_records_into_spans(
    reals, write_records, inverting, tmp_path, uninterrupted
):
    parents = open_parents(reals, "train", (REAL,))
    with parents.reading(range(24)) as read:
        images = [{"encoded": read(at).encoded, "label": REAL, "split": "train"} for at in range(24)]
    records = write_records(tmp_path / "records", images[:7], images[7:])
    synthesize(inverting, records, tmp_path / "out", 30, seed=5)
    assert hashlib.sha256((tmp_path / "out/manifest.jsonl").read_bytes()).hexdigest() == (
        hashlib.sha256((uninterrupted / "manifest.jsonl").read_bytes()).hexdigest()
    )
