"""Lists of images: what a row says is kept, and whatever is wrong is named with its line."""

import csv
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInputError
from data.sources import open_source
from data.sources.manifest_rows import parse_rows


def _write(root, text, file="faces.csv"):
    root.mkdir(parents=True, exist_ok=True)
    (root / file).write_bytes(text.encode() if isinstance(text, str) else text)
    return root / file


def _error(path):
    with pytest.raises(BadInputError) as caught:
        list(open_source(path))
    return str(caught.value)


def test_a_csv_with_everything(tmp_path):
    path = _write(
        tmp_path,
        "\ufeffpath,label,split,group,method,source,Age-Band,light\r\n"
        "x/a.jpg,0,train,p1,,ffhq,young,\r\n"
        './b.jpg,FAKE,Validation,,swap,,"a, b",dim\r\n'
        "\r\n"
        "c.jpg,Real,TEST,,,,old, \r\n",
    )
    first, second, third = open_source(path)
    assert (first.name, first.label, first.split, first.group) == ("x/a.jpg", 0, "train", "p1")
    assert (first.method, first.source, first.path) == ("none", "ffhq", str(tmp_path / "x/a.jpg"))
    assert first.columns == {"Age-Band": "young", "light": "unknown"}
    assert (second.name, second.label, second.split, second.group) == ("b.jpg", 1, "val", None)
    assert (second.method, second.source) == ("swap", "faces")
    assert second.columns == {"Age-Band": "a, b", "light": "dim"}
    assert (third.label, third.split, third.columns["light"]) == (0, "test", "unknown")


def test_json_lines(tmp_path):
    rows = [
        {"path": "a.jpg", "label": 1, "age": 30, "glasses": True},
        {"path": "b.jpg", "label": "real", "method": None, "skin tone": "x"} | {"age": None},
    ]
    del rows[1]["skin tone"]
    path = _write(tmp_path, json.dumps(rows[0]) + "\n\n" + json.dumps(rows[1]), "set.jsonl")
    source = open_source(path)
    assert [(i.name, i.label, i.method, dict(i.columns)) for i in source] == [
        ("a.jpg", 1, "unknown", {"age": "30", "glasses": "true"}),
        ("b.jpg", 0, "none", {"age": "unknown", "glasses": "unknown"}),
    ]
    assert source.layout == "jsonl"
    assert [image.split for image in source] == [None, None]


_HEAD = "path,label\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path;label\na.jpg;0\n", "line 1 of faces.csv, received path;label: path and label missing"),
        ("path\na.jpg\n", "label missing"),
        ("", "empty"),
        (_HEAD, "Expected a row for each image"),
        (_HEAD + "a.jpg,2\n", "line 2 of faces.csv, a label out of 0, 1, real and fake, received '2'"),
        (
            "path,label,split\na.jpg,0,dev\n",
            "line 2 of faces.csv, a split out of train, val, test, received 'dev'",
        ),
        (
            _HEAD + "a.jpg,0\n./a.jpg,0\n",
            "line 3 of faces.csv, a path of its own, received a.jpg of line 2 again",
        ),
        (
            _HEAD + ",0\n",
            "line 2 of faces.csv, a path relative to the list and below it, received '': it is empty",
        ),
        (_HEAD + "/etc/passwd,0\n", "it is absolute"),
        (_HEAD + "a/../../b.jpg,0\n", "it leads upwards"),
        (_HEAD + "a\\b.jpg,0\n", "a backslash"),
        (_HEAD + "a.jpg\n", "2 cells (path, label) in line 2 of faces.csv, received 1"),
        (_HEAD + "a.jpg,0,1\n", "in line 2 of faces.csv, received 3"),
        (
            "path,label,split\na.jpg,0,train\nb.jpg,1,\n",
            "line 3 of faces.csv, a split in all rows or in none",
        ),
        ("path,label,age,age\na.jpg,0,1,2\n", "'age' repeated"),
        ("path,label,a b\na.jpg,0,1\n", "received 'a b'"),
        ("path,label,\na.jpg,0,1\n", "received ''"),
        ("path,label," + "x" * 65 + "\na.jpg,0,1\n", "up to 63"),
        (b"path,label\na.jpg,0\n\xff.jpg,0\n", "Expected UTF-8 in faces.csv, received other bytes in line 3"),
        (_HEAD + 'a.jpg,"0\n', "comma-separated values in faces.csv"),
        (_HEAD + 'a.jpg,"0"x\n', "in line 2"),
    ],
)
def test_flaws_of_csv_are_named_with_their_line(tmp_path, text, message):
    assert message in _error(_write(tmp_path, text))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "a JSON object in line 2 of set.jsonl"),
        ("[]", "a JSON object in line 2 of set.jsonl, received a list"),
        ('{"path": "b.jpg", "label": 0, "tags": ["x"]}', "under 'tags' in line 2 of set.jsonl"),
        ('{"path": "b.jpg", "label": 0, "tags": {}}', "under 'tags' in line 2"),
        ('{"path": "b.jpg", "label": 0, "label": 1}', "'label' again"),
        ('{"path": "b.jpg", "label": true}', "received 'true'"),
        ('{"path": "b.jpg"}', "line 2 of set.jsonl, a label"),
        ('{"label": 0}', "line 2 of set.jsonl, a path"),
        ('{"path": "b\\u0000.jpg", "label": 0}', "NUL"),
        ('{"path": "b.jpg", "label": 0, "age": "\\ud800"}', "line 2 of set.jsonl, text"),
        ("[" * 100_000, "a JSON object in line 2"),
    ],
)
def test_flaws_of_json_lines_are_named_with_their_line(tmp_path, line, message):
    assert message in _error(_write(tmp_path, '{"path": "a.jpg", "label": 0}\n' + line, "set.jsonl"))


def test_links_may_not_lead_out(touch, tmp_path):
    touch(tmp_path, "elsewhere/a.jpg", "set/in/b.jpg")
    (tmp_path / "set/out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set/a.jpg").symlink_to(tmp_path / "elsewhere/a.jpg")
    (tmp_path / "set/b.jpg").symlink_to("in/b.jpg")
    (tmp_path / "set/dead.jpg").symlink_to("in/nothing.jpg")
    path = _write(tmp_path / "set", _HEAD + "b.jpg,0\nin/b.jpg,1\ndead.jpg,1\n")
    assert [image.name for image in open_source(path)] == ["b.jpg", "in/b.jpg", "dead.jpg"]
    for name in ("out/a.jpg", "a.jpg"):
        assert "line 3 of faces.csv, a file below" in _error(
            _write(tmp_path / "set", f"{_HEAD}b.jpg,0\n{name},0\n")
        )


def test_missing_files_are_yielded_and_nothing_is_left_out(touch, tmp_path):
    touch(tmp_path, "other.jpg")
    source = open_source(_write(tmp_path, _HEAD + "absent.jpg,0\n"))
    assert [image.path for image in source] == [str(tmp_path / "absent.jpg")]
    assert source.left_out() == []


def test_stamps_cover_the_list_and_its_files_only(touch, make_zip, tmp_path):
    touch(tmp_path, "a.jpg", "other.jpg")
    make_zip(tmp_path / "Train.zip", {"b.jpg": b"1", "c.jpg": b"2"})
    path = _write(tmp_path, _HEAD + "a.jpg,0\nTrain.zip/b.jpg,1\nTrain.zip/c.jpg,1\nabsent.jpg,1\n")
    source = open_source(path)
    before = dict(source.stamps())
    assert list(before) == ["faces.csv", "a.jpg", "Train.zip", "absent.jpg"]
    assert before["absent.jpg"] == "unreadable"
    assert [image.member for image in source] == [None, "b.jpg", "c.jpg", None]
    os.utime(tmp_path / "other.jpg", ns=(1, 1))
    assert dict(source.stamps()) == before
    os.utime(tmp_path / "a.jpg", ns=(1, 1))
    assert dict(source.stamps()) != before


def test_a_list_in_an_archive(make_zip, tmp_path):
    path = make_zip(tmp_path / "set.zip", {"manifest.csv": _HEAD + "x/a.jpg,0\n", "x/a.jpg": b"1"})
    source = open_source(path)
    assert [(i.path, i.member, i.source) for i in source] == [(str(path), "x/a.jpg", "manifest")]
    assert [name for name, _ in source.stamps()] == ["set.zip"]


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=5))
def test_any_text_comes_through(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("text") / "rows.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
            [("path", "label", "x"), *((p, "0", x) for p, x in rows)]
        )
    assert [
        (row.values["path"], row.values["x"]) for row in parse_rows(path.read_bytes(), "csv", "rows")
    ] == rows
    lines = "\n".join(json.dumps({"path": p, "label": 0, "x": x}, ensure_ascii=False) for p, x in rows)
    found = parse_rows(lines.encode(), "jsonl", "rows")
    assert [(row.values["path"], row.values["x"]) for row in found] == rows
