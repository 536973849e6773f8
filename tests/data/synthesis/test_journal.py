"""The journal knows what is there, whatever a kill has left."""

import pytest

from data.errors import BadInputError
from data.synthesis.journal import JOURNAL_FILE, Journal, image_name


def _made(*children, encoded=b"image"):
    return [(child, encoded + bytes([child]), {"path": image_name(child, ".jpg")}) for child in children]


def test_names():
    assert image_name(17, ".jpg") == "images/00000/00000017.jpg"
    assert image_name(123456, ".png") == "images/00123/00123456.png"


def test_what_was_written_is_known_again(tmp_path):
    with Journal(tmp_path) as journal:
        journal.write(_made(0, 1, 2))
        assert set(journal.intact()) == {0, 1, 2}
    with Journal(tmp_path) as journal:
        assert journal.children() == {0, 1, 2}
        assert journal.row(1) == {"path": "images/00000/00000001.jpg"}
        journal.write(_made(3))
        assert list(journal.intact()) == [0, 1, 2, 3]


def test_a_missing_and_a_changed_image_are_not_intact_until_made_anew(tmp_path):
    with Journal(tmp_path) as journal:
        journal.write(_made(0, 1, 2))
        (tmp_path / image_name(0, ".jpg")).unlink()
        (tmp_path / image_name(1, ".jpg")).write_bytes(b"other")
        assert list(journal.intact()) == [2]
        journal.write(_made(0, 1, encoded=b"anew"))
    with Journal(tmp_path) as journal:
        assert list(journal.intact()) == [0, 1, 2]


@pytest.mark.parametrize("torn", [b'{"child": 3, "sha', b"\x00\x00\x00", b'{"child": 3}', b"[]\n", b"\x00\n"])
def test_a_torn_line_is_cut_off(tmp_path, torn):
    with Journal(tmp_path) as journal:
        journal.write(_made(0, 1))
    whole = (tmp_path / JOURNAL_FILE).read_bytes()
    (tmp_path / JOURNAL_FILE).write_bytes(whole + torn)
    with Journal(tmp_path) as journal:
        assert list(journal.intact()) == [0, 1]
        journal.write(_made(2))
    lines = (tmp_path / JOURNAL_FILE).read_bytes()
    assert lines.startswith(whole)
    assert lines.count(b"\n") == 3


def test_one_writer_at_a_time(tmp_path):
    with Journal(tmp_path), pytest.raises(BadInputError, match="another call is at work"):
        Journal(tmp_path)
    with Journal(tmp_path):
        pass


def test_half_written_images_are_swept(tmp_path):
    with Journal(tmp_path) as journal:
        journal.write(_made(0))
        left = tmp_path / "images/00000/00000001.jpg.partial"
        left.write_bytes(b"half")
        journal.sweep()
        assert not left.exists()
        assert list(journal.intact()) == [0]


def test_a_path_that_leads_elsewhere_is_not_followed(tmp_path):
    (tmp_path / "secret.jpg").write_bytes(b"image\x00")
    with Journal(tmp_path) as journal:
        journal.write(_made(0))
    lines = (tmp_path / JOURNAL_FILE).read_text().replace("images/00000/00000000", "secret")
    (tmp_path / JOURNAL_FILE).write_text(lines)
    with Journal(tmp_path) as journal:
        assert list(journal.intact()) == []
