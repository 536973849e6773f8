"""Archives are read in place, and those made to do harm are refused: each attack is built by hand."""

import os
import stat
import struct
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInputError
from data.quarantine import RejectedImageError
from data.sources import zip_directory
from data.sources.archive import ZipTree
from data.sources.zip_reading import read_member

_CENTRAL, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
# Offsets within an entry of the central directory.
_FLAGS, _METHOD, _CRC, _COMPRESSED, _SIZE, _OFFSET = 8, 10, 16, 20, 24, 42


def _patch(path, field, value, form="<I", entry=0):
    """Overwrites one field of the central directory."""
    content = bytearray(path.read_bytes())
    position = -1
    for _ in range(entry + 1):
        position = content.index(_CENTRAL, position + 1)
    struct.pack_into(form, content, position + field, value)
    path.write_bytes(content)


def _field(path, field, entry=0):
    content = path.read_bytes()
    position = -1
    for _ in range(entry + 1):
        position = content.index(_CENTRAL, position + 1)
    return struct.unpack_from("<I", content, position + field)[0]


def _reason(path, member="a", max_bytes=10_000_000):
    with pytest.raises(RejectedImageError) as caught:
        read_member(path, member, max_bytes)
    return caught.value.reason


def _refusal(path):
    with pytest.raises(BadInputError) as caught:
        ZipTree(path)
    return str(caught.value)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_in_place(make_zip, tmp_path, compression):
    contents = {"b/a.jpg": os.urandom(300_000), "a.jpg": b"\0" * 700_000, "b.jpg": b"b"}
    path = make_zip(tmp_path / "set.zip", contents, compression)
    tree = ZipTree(path)
    assert list(tree.names()) == ["a.jpg", "b/a.jpg", "b.jpg"]
    assert tree.name == "set"
    assert tree.locate("b.jpg") == (str(path), "b.jpg")
    for name, content in contents.items():
        assert read_member(path, name, len(content)) == content
        if len(content) > 1:
            assert _reason(path, name, len(content) - 1) == "too_large"
    assert sorted(os.listdir(tmp_path)) == ["set.zip"]


def test_bytes_in_front_comments_folders_and_large_counts_do_no_harm(tmp_path):
    path = tmp_path / "set.zip"
    path.write_bytes(b"#!/bin/sh\n" * 100)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"hello"
        archive.mkdir("folder") if hasattr(archive, "mkdir") else archive.writestr("folder/", b"")
        archive.writestr("folder/ü.jpg", b"1")
        with archive.open("z64", "w", force_zip64=True) as member:
            member.write(b"22")
    assert list(ZipTree(path).names()) == ["folder/ü.jpg", "z64"]
    assert read_member(path, "folder/ü.jpg", 1) == b"1"
    assert read_member(path, "z64", 2) == b"22"


@pytest.mark.parametrize("name", ["/etc/passwd", "../a", "x/../../a", "x\\a", "C:/a", "c:a", "x//a", "./a"])
def test_a_name_that_leads_elsewhere_refuses_the_archive(make_zip, tmp_path, name):
    message = _refusal(make_zip(tmp_path / "set.zip", {"good": b"1", name: b"2"}))
    assert repr(name) in message
    assert "its name is refused" in message


def test_a_name_with_a_null_refuses_the_archive(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"a.jpg_exe": b"1"})
    path.write_bytes(path.read_bytes().replace(b"a.jpg_exe", b"a.jpg\0exe"))
    assert "NUL" in _refusal(path)


_MEMBER_NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12),
    max_size=4,
    unique=True,
)


@given(_MEMBER_NAMES)
def test_any_names_are_listed_or_refused(make_zip, tmp_path_factory, names):
    path = make_zip(tmp_path_factory.mktemp("names") / "set.zip", {name: name.encode() for name in names})
    try:
        tree = ZipTree(path)
    except BadInputError:
        return
    for name in tree.names():
        assert name in names
        assert os.path.normpath(f"/root/{name}") == f"/root/{name}"
        assert read_member(path, name, 100) == name.encode()


@pytest.mark.parametrize(
    ("mode", "message"),
    [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "no regular"), (stat.S_IFCHR, "no regular")],
)
def test_links_and_devices_refuse_the_archive(tmp_path, mode, message):
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("evil.jpg")
        member.external_attr = (mode | 0o777) << 16
        archive.writestr(member, b"/etc/passwd")
    assert "'evil.jpg'" in _refusal(path)
    assert message in _refusal(path)


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000])
def test_encrypted_members_refuse_the_archive(make_zip, tmp_path, flag):
    path = make_zip(tmp_path / "set.zip", {"a": b"1"})
    _patch(path, _FLAGS, flag, "<H")
    assert "encrypted" in _refusal(path)


def test_two_members_of_one_name_refuse_the_archive(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"a1": b"1", "a2": b"2"})
    path.write_bytes(path.read_bytes().replace(b"a2", b"a1"))
    assert "two members have this name" in _refusal(path)


def test_overlapping_members_refuse_the_archive(make_zip, tmp_path):
    path = make_zip(tmp_path / "same.zip", {"a": b"1" * 99, "b": b"2" * 99})
    _patch(path, _OFFSET, 0, entry=1)
    assert "overlap" in _refusal(path)
    # The better zip bomb: the first member's bytes take in the second's header and all that follows it.
    path = make_zip(tmp_path / "quoted.zip", {"a": b"1" * 99, "b": b"2" * 99}, zipfile.ZIP_STORED)
    _patch(path, _COMPRESSED, 150, entry=0)
    assert "'a': its bytes overlap those of 'b'" in _refusal(path)
    # Into the directory itself.
    path = make_zip(tmp_path / "last.zip", {"a": b"1" * 99}, zipfile.ZIP_STORED)
    _patch(path, _COMPRESSED, 100)
    assert "overlap those of the directory" in _refusal(path)


def test_an_overlap_that_only_a_header_reveals_is_found_when_read(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"a": b"1" * 99, "b": b"2" * 99}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    struct.pack_into(
        "<H", content, 28, 20
    )  # An extra field in front of the content that the directory hides.
    path.write_bytes(content)
    with pytest.raises(RejectedImageError, match="corrupt: its bytes overlap"):
        read_member(path, "a", 1000)


def test_too_many_members_refuse_the_archive(make_zip, tmp_path, monkeypatch):
    path = make_zip(tmp_path / "set.zip", {"a": b"1", "b": b"2", "c": b"3"})
    monkeypatch.setattr(zip_directory, "MAX_MEMBERS", 2)
    assert "more than 2 members, from 'c' on" in _refusal(path)
    monkeypatch.setattr(zip_directory, "MAX_MEMBERS", 3)
    monkeypatch.setattr(zip_directory, "MAX_DIRECTORY_BYTES", 100)
    assert "at most 100 allowed" in _refusal(path)
    monkeypatch.undo()
    assert list(ZipTree(path).names()) == ["a", "b", "c"]


def test_a_bomb_refuses_the_archive(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"small": b"\0" * 900_000, "a": b"\0" * 20_000_000})
    assert "'a': it claims to grow" in _refusal(path)
    assert list(ZipTree(make_zip(tmp_path / "small.zip", {"a": b"\0" * 900_000})).names()) == ["a"]


def test_a_declared_size_that_lies_is_not_believed(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"a": b"\0" * 5_000_000})
    _patch(path, _SIZE, 10)
    assert _reason(path, max_bytes=1000) == "too_large"
    assert _reason(path) == "corrupt"
    _patch(path, _SIZE, 900_000_000 // 1000 * 5)
    assert _reason(path) == "corrupt"


def test_no_more_is_inflated_than_asked_for(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"a": b"\0" * 50_000_000})
    _patch(path, _SIZE, 10)
    ZipTree(path)
    tracemalloc.start()
    try:
        assert _reason(path, max_bytes=1000) == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_damage_is_corrupt(make_zip, tmp_path):
    path = make_zip(tmp_path / "checksum.zip", {"a": b"1" * 99})
    _patch(path, _CRC, 1234)
    assert _reason(path) == "corrupt"
    path = make_zip(tmp_path / "data.zip", {"a": os.urandom(999)})
    content = bytearray(path.read_bytes())
    content[31:40] = b"\xff" * 9
    path.write_bytes(content)
    assert _reason(path) == "corrupt"
    path = make_zip(tmp_path / "early.zip", {"a": os.urandom(999)})
    _patch(path, _COMPRESSED, 500)
    assert _reason(path) == "corrupt"
    path = make_zip(tmp_path / "method.zip", {"a": b"1"})
    _patch(path, _METHOD, 97, "<H")
    assert _reason(path) == "corrupt"
    path = make_zip(tmp_path / "renamed.zip", {"a": b"1"})
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    assert _reason(path) == "corrupt"
    path = make_zip(tmp_path / "header.zip", {"a": b"1"})
    path.write_bytes(path.read_bytes().replace(_LOCAL, b"PK\x03\x05"))
    assert _reason(path) == "corrupt"


def test_empty_missing_and_unreadable_members(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"a": b"", ".hidden": b"1"})
    assert _reason(path) == "empty"
    assert _reason(path, "absent") == "unreadable"
    assert _reason(path, ".hidden") == "unreadable"
    assert _reason(tmp_path / "absent.zip") == "unreadable"
    assert _reason(tmp_path) == "corrupt"


@pytest.mark.parametrize("kept", [0, 10, -1, -30])
def test_what_is_no_complete_archive_is_refused(make_zip, tmp_path, kept):
    path = make_zip(tmp_path / "set.zip", {"a": b"1" * 999})
    path.write_bytes(path.read_bytes()[:kept])
    assert "Expected a complete zip archive" in _refusal(path)
    assert _reason(path) == "corrupt"


def test_a_replaced_archive_is_read_anew(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"a": b"old"})
    assert read_member(path, "a", 9) == b"old"
    make_zip(tmp_path / "new.zip", {"a": b"newer"}).replace(path)
    assert read_member(path, "a", 9) == b"newer"


def test_many_threads_read_one_archive(make_zip, tmp_path):
    contents = {
        f"{number}.jpg": bytes([number]) * (1000 + number) + os.urandom(50_000) for number in range(60)
    }
    path = make_zip(tmp_path / "set.zip", contents)
    names = list(contents) * 10
    with ThreadPoolExecutor(16) as pool:
        read = list(pool.map(lambda name: read_member(path, name, 100_000), names))
    assert read == [contents[name] for name in names]


def test_forks_read_one_archive(make_zip, tmp_path):
    contents = {f"{number}": os.urandom(20_000) for number in range(20)}
    path = make_zip(tmp_path / "set.zip", contents)
    read_member(path, "0", 100_000)
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            try:
                good = all(read_member(path, n, 100_000) == c for _ in range(20) for n, c in contents.items())
                os._exit(0 if good else 1)
            finally:
                os._exit(2)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
