"""The plain layout finds what it should, in a fixed order, and says clearly what is missing."""

import os

import pytest

from data.errors import BadInputError
from data.sources import open_source


def _touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def _rows(root):
    return [(image.name, image.label) for image in open_source(root)]


def test_real_and_fake_at_the_top_in_any_case(tmp_path):
    _touch(tmp_path, "FAKE/b.png", "Real/a.jpg", "Real/deep/er/c.jpeg")
    assert _rows(tmp_path) == [("FAKE/b.png", 1), ("Real/a.jpg", 0), ("Real/deep/er/c.jpeg", 0)]


def test_the_nearest_ancestor_decides(tmp_path):
    _touch(tmp_path, "real/faces/fake/a.jpg", "fake/real/b.jpg")
    assert _rows(tmp_path) == [("fake/real/b.jpg", 0), ("real/faces/fake/a.jpg", 1)]


def test_source_and_method_come_from_the_folders(tmp_path):
    root = _touch(tmp_path / "set", "x/real/a.jpg", "x/fake/swap/b.jpg", "fake/c.jpg", "real/ffhq/d.jpg")
    found = {image.name: (image.source, image.method) for image in open_source(root)}
    assert found == {
        "fake/c.jpg": ("set", "unknown"),
        "real/ffhq/d.jpg": ("set", "none"),
        "x/fake/swap/b.jpg": ("x", "swap"),
        "x/real/a.jpg": ("x", "none"),
    }


def test_hidden_files_are_ignored_and_everything_else_counts(tmp_path):
    _touch(tmp_path, "real/.DS_Store", ".git/real/a.jpg", "real/Thumbs.db", "fake/notes.txt", "README.md")
    (tmp_path / "fake" / "dead.jpg").symlink_to("nowhere")
    assert [name for name, _ in _rows(tmp_path)] == ["fake/dead.jpg", "fake/notes.txt", "real/Thumbs.db"]
    assert open_source(tmp_path).left_out() == ["README.md"]


def test_linked_folders_are_followed_and_loops_named(tmp_path):
    _touch(tmp_path / "elsewhere", "a.jpg")
    root = _touch(tmp_path / "set", "fake/b.jpg")
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
def test_a_missing_class_is_named_with_what_is_there(tmp_path, names, message):
    _touch(tmp_path, *names)
    with pytest.raises(BadInputError) as caught:
        list(open_source(tmp_path))
    assert message in str(caught.value)
    assert "Put the real images into real/" in str(caught.value)


def test_no_folder_at_all(tmp_path):
    with pytest.raises(BadInputError, match="found nothing"):
        open_source(tmp_path / "absent")
    _touch(tmp_path, "file")
    with pytest.raises(BadInputError, match="found a file"):
        open_source(tmp_path / "file")


def test_an_unknown_layout_is_named(tmp_path):
    with pytest.raises(BadInputError, match="received 'heap'"):
        open_source(tmp_path, "heap")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_locked_folder_is_named(tmp_path):
    _touch(tmp_path, "real/a.jpg", "fake/b.jpg")
    (tmp_path / "fake").chmod(0)
    with pytest.raises(BadInputError, match="Permission denied"):
        list(open_source(tmp_path))
    (tmp_path / "fake").chmod(0o700)
