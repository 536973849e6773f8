"""The fingerprint changes with the files, the options and the code, and with nothing else."""

import os

import pytest

from data import fingerprint
from data.fingerprint import source_fingerprint
from data.images.decode_check import Limits
from data.options import IN_MEMORY_RUNNER, HarmoniseOptions, ImportOptions
from data.sources import open_source


def _fingerprint(folder, options=None):
    return source_fingerprint(open_source(folder), options or ImportOptions())


@pytest.fixture
def folder(tmp_path):
    for name in ("real/a.jpg", "fake/b.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"123")
        os.utime(tmp_path / name, ns=(10**18, 10**18))
    return tmp_path


def test_it_is_the_same_for_the_same_and_ignores_where_the_work_is_done(folder):
    before = _fingerprint(folder)
    assert len(before) == 64
    (folder / "real" / ".hidden").touch()
    assert (
        _fingerprint(folder, ImportOptions(beam_args=(IN_MEMORY_RUNNER, "--direct_num_workers=2"))) == before
    )


@pytest.mark.parametrize("change", ["content", "time", "name", "new", "dead link"])
def test_it_changes_with_the_files(folder, change):
    before = _fingerprint(folder)
    path = folder / "real" / "a.jpg"
    if change == "content":
        path.write_bytes(b"1234")
        os.utime(path, ns=(10**18, 10**18))
    elif change == "time":
        os.utime(path, ns=(10**18, 10**18 + 1))
    elif change == "name":
        path.rename(folder / "real" / "c.jpg")
    elif change == "new":
        (folder / "real" / "c.jpg").write_bytes(b"123")
    else:
        (folder / "real" / "c.jpg").symlink_to("nowhere")
    assert _fingerprint(folder) != before


@pytest.mark.parametrize(
    "options",
    [
        ImportOptions(seed=1),
        ImportOptions(group_radius=40),
        ImportOptions(images_per_shard=10),
        ImportOptions(shares={"train": 0.8, "val": 0.1, "test": 0.1}),
        ImportOptions(official_splits=False),
        ImportOptions(drop_leaks=True),
        ImportOptions(strict=True),
        ImportOptions(limits=Limits(grey_allowed=True)),
        ImportOptions(harmonise=HarmoniseOptions()),
        ImportOptions(harmonise=HarmoniseOptions(quality=60)),
    ],
)
def test_it_changes_with_the_options(folder, options):
    assert _fingerprint(folder, options) != _fingerprint(folder)


def test_it_changes_with_the_layout(folder):
    (folder / "list.csv").write_text("path,label\nreal/a.jpg,0\nfake/b.jpg,1\n")
    one, other = (open_source(folder, layout) for layout in ("folder", "csv"))
    assert source_fingerprint(one, ImportOptions()) != source_fingerprint(other, ImportOptions())


def test_it_changes_with_the_code(folder, monkeypatch):
    before = _fingerprint(folder)
    monkeypatch.setattr(fingerprint, "code_hash", lambda: "other")
    assert _fingerprint(folder) != before
