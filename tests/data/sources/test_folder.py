"""The plain layout finds what it should, in a fixed order, and says clearly what is missing."""

import os

import pytest

from data.errors import BadInputError
from data.sources import open_source


def _rows(root):
    return [(image.name, image.label) for image in open_source(root)]


def test_real_and_fake_at_the_top_in_any_case(touch, tmp_path):
    touch(tmp_path, "FAKE/b.png", "Real/a.jpg", "Real/deep/er/c.jpeg")
    assert _rows(tmp_path) == [("FAKE/b.png", 1), ("Real/a.jpg", 0), ("Real/deep/er/c.jpeg", 0)]


def test_the_nearest_ancestor_decides(touch, tmp_path):
    touch(tmp_path, "real/faces/fake/a.jpg", "fake/real/b.jpg")
    assert _rows(tmp_path) == [("fake/real/b.jpg", 0), ("real/faces/fake/a.jpg", 1)]


def test_source_and_method_come_from_the_folders(touch, tmp_path):
    root = touch(tmp_path / "set", "x/real/a.jpg", "x/fake/swap/b.jpg", "fake/c.jpg", "real/ffhq/d.jpg")
    found = {image.name: (image.source, image.method) for image in open_source(root)}
    assert found == {
        "fake/c.jpg": ("set", "unknown"),
        "real/ffhq/d.jpg": ("set", "none"),
        "x/fake/swap/b.jpg": ("x", "swap"),
        "x/real/a.jpg": ("x", "none"),
    }


def test_hidden_files_are_ignored_and_everything_else_counts(touch, tmp_path):
    touch(tmp_path, "real/.DS_Store", ".git/real/a.jpg", "real/Thumbs.db", "fake/notes.txt", "README.md")
    (tmp_path / "fake" / "dead.jpg").symlink_to("nowhere")
    assert [name for name, _ in _rows(tmp_path)] == ["fake/dead.jpg", "fake/notes.txt", "real/Thumbs.db"]
    assert open_source(tmp_path).left_out() == ["README.md"]


def test_linked_folders_are_followed_and_loops_named(touch, tmp_path):
    touch(tmp_path / "elsewhere", "a.jpg")
    root = touch(tmp_path / "set", "fake/b.jpg")
    (root / "real").symlink_to(tmp_path / "elsewhere")
    assert _rows(root) == [("fake/b.jpg", 1), ("real/a.jpg", 0)]
    (root / "fake" / "loop").symlink_to(root)
    with pytest.raises(BadInputError, match="leads back up"):
        list(open_source(root))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["real/a.jpg", "other/b.jpg"],
            "found no file in fake/ but 1 in real/. The folder holds: other/, real/",
        ),
        (["fake/a.jpg"], "found no file in real/ but 1 in fake/"),
        (["Training/a.jpg"], "found no file in real/ nor in fake/. The folder holds: Training/"),
    ],
)
def test_a_missing_class_is_named_with_what_is_there(touch, tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(BadInputError) as caught:
        list(open_source(tmp_path))
    assert message in str(caught.value)
    assert "Put the real images into real/" in str(caught.value)


def test_no_folder_at_all(touch, tmp_path):
    with pytest.raises(BadInputError, match="found nothing"):
        open_source(tmp_path / "absent")
    touch(tmp_path, "file")
    with pytest.raises(BadInputError, match="found a file"):
        open_source(tmp_path / "file")


def test_an_unknown_layout_is_named(tmp_path):
    with pytest.raises(BadInputError, match="received 'heap'"):
        open_source(tmp_path, "heap")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_locked_folder_is_named(touch, tmp_path):
    touch(tmp_path, "real/a.jpg", "fake/b.jpg")
    (tmp_path / "fake").chmod(0)
    with pytest.raises(BadInputError, match="Permission denied"):
        list(open_source(tmp_path))
    (tmp_path / "fake").chmod(0o700)


def test_archives_at_the_top_count_as_folders_named_without_their_suffix(touch, make_zip, tmp_path):
    root = touch(tmp_path / "set", "notes.txt")
    make_zip(root / "faces.zip", {"Real/a.jpg": b"1", "fake/swap/b.jpg": b"2", "more.txt": b"3"})
    make_zip(root / "REAL.ZIP", {"x/c.jpg": b"4"})
    found = {i.name: (i.label, i.source, i.method, i.path, i.member) for i in open_source(root)}
    assert found == {
        "REAL.ZIP/x/c.jpg": (0, "set", "none", str(root / "REAL.ZIP"), "x/c.jpg"),
        "faces.zip/Real/a.jpg": (0, "faces", "none", str(root / "faces.zip"), "Real/a.jpg"),
        "faces.zip/fake/swap/b.jpg": (1, "faces", "swap", str(root / "faces.zip"), "fake/swap/b.jpg"),
    }
    assert open_source(root).left_out() == ["faces.zip/more.txt", "notes.txt"]


def test_an_archive_is_a_data_set_of_its_own(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"fake/a.jpg": b"1", "real/b.jpg": b"2"})
    source = open_source(path)
    assert [(image.name, image.source, image.path) for image in source] == [
        ("fake/a.jpg", "set", str(path)),
        ("real/b.jpg", "set", str(path)),
    ]
    lacking = open_source(make_zip(tmp_path / "lacking.zip", {"Training/a.jpg": b"1"}))
    with pytest.raises(BadInputError, match="The folder holds: Training/"):
        list(lacking)
