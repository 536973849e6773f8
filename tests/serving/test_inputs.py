"""From paths to a list of images."""

import pytest

from serving.errors import BadInputError
from serving.inputs import expand_paths, is_video


@pytest.fixture
def folder(tmp_path):
    for name in ["b.PNG", "a.jpg", "sub/c.jpeg", "sub/notes.txt", ".hidden/d.jpg", "._a.jpg", "z.webp"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def test_folders_give_their_images_sorted_and_files_stand_for_themselves(folder):
    found = expand_paths([folder / "z.webp", str(folder), folder / "a.jpg"])

    assert [str(path.relative_to(folder)) for path in found] == [
        "z.webp",
        "a.jpg",
        "b.PNG",
        "sub/c.jpeg",
        "a.jpg",
    ]


def test_a_missing_path_is_refused(folder):
    with pytest.raises(
        BadInputError, match=r"expected an image or a folder of images, but .*nope.* does not exist"
    ):
        expand_paths([folder / "a.jpg", folder / "nope"])


def test_a_folder_without_images_is_refused(folder):
    (folder / "none").mkdir()
    with pytest.raises(BadInputError, match=r"expected JPEG or PNG files below .*none"):
        expand_paths([folder / "none"])


def test_nothing_is_refused():
    with pytest.raises(BadInputError, match=r"received none"):
        expand_paths([])


def test_images_below_a_hidden_folder_that_was_named_are_found(folder):
    assert [path.name for path in expand_paths([folder / ".hidden"])] == ["d.jpg"]


def test_videos_in_a_folder_are_taken_only_when_asked_for(folder):
    for name in ("sub/b.MP4", "c.webm", ".v.mov"):
        (folder / name).touch()

    assert [path.name for path in expand_paths([folder])] == ["a.jpg", "b.PNG", "c.jpeg"]
    found = expand_paths([folder, folder / "c.webm"], videos=True)
    assert [path.name for path in found] == ["a.jpg", "b.PNG", "c.webm", "b.MP4", "c.jpeg", "c.webm"]
    assert [is_video(path) for path in found] == [False, False, True, True, False, True]


def test_a_folder_with_neither_is_refused(tmp_path):
    with pytest.raises(BadInputError, match=r"expected JPEG or PNG files or videos below"):
        expand_paths([tmp_path], videos=True)
