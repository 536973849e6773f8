"""A folder with archives in it is one tree of files, in one order, with cheap stamps."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInputError
from data.sources.archive import ZipTree
from data.sources.files import FolderTree
from data.sources.names import what_is_wrong


def test_folder_and_archives_are_one_tree(touch, make_zip, tmp_path):
    root = touch(tmp_path / "set", "b.json", "z/deep.zip", ".hidden/a", "Folder.zip/f.txt")
    make_zip(
        root / "Train.zip", {"Images/b.jpg": b"bb", "Images/a/c.jpg": b"c", ".x": b"x", "__MACOSX/y": b"y"}
    )
    tree = FolderTree(root)
    assert list(tree.names()) == [
        "Folder.zip/f.txt",
        "Train.zip/Images/a/c.jpg",
        "Train.zip/Images/b.jpg",
        "b.json",
        "z/deep.zip",
    ]
    assert tree.locate("Train.zip/Images/b.jpg") == (str(root / "Train.zip"), "Images/b.jpg")
    assert tree.locate("Folder.zip/f.txt") == (str(root / "Folder.zip/f.txt"), None)
    assert tree.locate("absent/f.txt") == (str(root / "absent/f.txt"), None)
    assert tree.folders("Train.zip/Images/b.jpg") == ["Train", "Images"]
    assert tree.folders("Folder.zip/f.txt") == ["Folder.zip"]
    assert (tree.name, tree.root) == ("set", root)
    assert tree.read("Train.zip/Images/b.jpg", 2) == b"bb"
    assert tree.read("b.json", 1) == b"x"


def test_stamps_see_every_change_and_open_no_archive(touch, make_zip, tmp_path):
    root = touch(tmp_path / "set", "a.jpg")
    (root / "Broken.zip").write_bytes(b"no archive")
    (root / "dead.jpg").symlink_to("nowhere")
    os.utime(root / "a.jpg", ns=(5, 7))
    stamps = dict(FolderTree(root).stamps())
    assert list(stamps) == ["Broken.zip", "a.jpg", "dead.jpg"]
    assert (stamps["a.jpg"], stamps["dead.jpg"]) == ("1:7", "unreadable")
    with pytest.raises(BadInputError, match=r"Broken\.zip"):
        list(FolderTree(root).names())

    path = make_zip(tmp_path / "set.zip", {"a": b"1"})
    os.utime(path, ns=(5, 7))
    assert list(ZipTree(path).stamps()) == [("set.zip", f"{path.stat().st_size}:7")]


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize(
    ("name", "reason"), [("absent", "unreadable"), ("big", "too_large"), ("none", "empty")]
)
def test_what_cannot_be_read_is_named(make_zip, tmp_path, archived, name, reason):
    contents = {"big": b"12345", "none": b""}
    if archived:
        tree = ZipTree(make_zip(tmp_path / "set.zip", contents))
    else:
        for file, content in contents.items():
            (tmp_path / file).write_bytes(content)
        tree = FolderTree(tmp_path)
    with pytest.raises(BadInputError, match=f"{name} of at most 4 bytes.*{reason}"):
        tree.read(name, 4)


def test_a_missing_root_is_named(touch, tmp_path):
    touch(tmp_path, "file")
    for tree, root, message in (
        (FolderTree, "absent", "Expected a folder of images .* at .*absent, found nothing"),
        (FolderTree, "file", "Expected a folder of images .* at .*file, found a file"),
        (ZipTree, "absent", "Expected a zip archive at .*absent, found nothing"),
        (ZipTree, "", "found a folder"),
    ):
        with pytest.raises(BadInputError, match=message):
            tree(tmp_path / root)


_PART = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=8)


@given(st.lists(_PART, min_size=1, max_size=4).map("/".join))
def test_a_name_that_is_let_pass_stays_below_its_folder(name):
    if what_is_wrong(name) is None:
        assert os.path.normpath(os.path.join("/root", name)) == "/root/" + name
    else:
        assert {"..", "."} & set(name.split("/")) or name[1:2] == ":"


@pytest.mark.parametrize(
    "name", ["", "/a", "../a", "a/../b", "a/..", "a\\b", "C:a", "a\0b", "a//b", "a/", "./a", "\ud800"]
)
def test_names_that_lead_elsewhere_are_refused(name):
    assert what_is_wrong(name)
