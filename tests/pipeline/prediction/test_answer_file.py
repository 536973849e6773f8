"""`predict --out`: a file that a later call goes on with, whatever ended the earlier one."""

import csv
import fcntl
import json
import os
import shutil

import click
import pytest

from pipeline.prediction import forms
from pipeline.prediction.answer_file import AnswerFile
from serving.errors import BadInputError
from serving.verdict import Verdict


def _paths(file):
    if file.suffix == ".csv":
        return [row["path"] for row in csv.DictReader(file.open(newline=""))]
    return [json.loads(line)["path"] for line in file.read_text().splitlines()]


@pytest.fixture(params=["out.jsonl", "out.csv"])
def out(request, tmp_path):
    """A file for answers, in a folder that is not there yet."""
    return tmp_path / "new" / request.param


def test_a_later_call_asks_only_about_what_has_no_verdict(ask, server, images, out):
    first = ask(images, "--out", out)
    assert (first.return_value, first.stdout) == (1, "")
    assert f"{images}/b.jpg: no verdict: no image" in first.stderr
    assert first.stderr.splitlines()[-1] == f"3 files: 1 fake, 1 real, 1 no verdict; in {out}"
    assert server.asked == [b"\xff", b"\x00"]

    (images / "b.jpg").write_bytes(b"\x80")
    (images / "d.jpg").write_bytes(b"\x90")
    second = ask(images, "--out", out)
    assert second.return_value == 0
    assert second.stderr == f"4 files: 2 real, 2 there before; in {out}\n"
    assert server.asked[2:] == [b"\x80", b"\x90"]
    assert _paths(out) == [f"{images}/{name}.jpg" for name in "abcbd"]

    third = ask(images, "--out", out)
    assert third.return_value == 0
    assert len(server.asked) == 4


def test_what_changed_is_asked_about_again_and_what_was_only_touched_is_not(ask, server, images, out):
    (images / "b.jpg").unlink()
    ask(images, "--out", out)
    times = (images / "c.jpg").stat()
    (images / "c.jpg").write_bytes(b"\x01")
    os.utime(images / "c.jpg", ns=(times.st_atime_ns, times.st_mtime_ns))
    os.utime(images / "a.jpg", (0, 0))
    ask(images, "--out", out)
    assert server.asked[2:] == [b"\x01"]


def test_another_version_answers_for_itself(ask, server, images, out):
    (images / "b.jpg").unlink()
    ask(images, "--out", out)
    server.version = 13
    ask(images, "--out", out)
    assert len(server.asked) == 4
    ask(images, "--out", out, "--model-name", "another")
    assert len(server.asked) == 6
    server.version = 12
    ask(images, "--out", out)
    assert len(server.asked) == 6


def test_a_torn_line_is_dropped_wherever_it_is_torn(ask, server, images, out):
    (images / "b.jpg").unlink()
    # A line break and a formula in names, as both change how a line of CSV looks.
    (images / "=x\ny.jpg").write_bytes(b"\x07")
    ask(images, "--out", out)
    whole = out.read_bytes()
    for end in range(len(whole)):
        out.write_bytes(whole[:end])
        result = ask(images, "--out", out)
        assert result.return_value == 0
        assert out.read_bytes() == whole


def test_a_torn_line_is_dropped_though_nothing_is_written_over_it(ask, images, out):
    (images / "b.jpg").unlink()
    ask(images, "--out", out)
    whole = out.read_bytes()
    out.write_bytes(whole + whole.splitlines()[-1][:50])
    assert ask(images, "--out", out).return_value == 0
    assert out.read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [
        "name,price\n1,2\n",
        "text",
        '{"a": 1}\n',
        "[1, 2]\n",
        "\n",
        '{"path": "a"}\n',
        "\x00" * 100,
        "path,score\n",
        "x" * 1000,
        f"{forms.csv_header()}\n1,2,3\n",
        f"{forms.csv_header()}\na,many,real,0,m,1,0,,,,,,,\n",
    ],
)
def test_a_file_that_is_something_else_is_refused_and_left_alone(ask, images, out, content, server):
    out.parent.mkdir()
    out.write_text(content)
    with pytest.raises(
        BadInputError, match=r"expected a new file, or one that .* received .*out.*Give another"
    ):
        ask(images, "--out", out)
    assert out.read_text() == content
    assert server.asked == []


def test_the_two_forms_are_not_mixed(ask, images, tmp_path):
    ask(images, "--out", tmp_path / "a.csv")
    ask(images, "--out", tmp_path / "b.jsonl")
    for name, form in (("a.csv", "json"), ("b.jsonl", "csv")):
        with pytest.raises(BadInputError, match="expected a new file"):
            ask(images, "--out", tmp_path / name, "--format", form)


def test_a_file_that_another_process_writes_to_is_refused(ask, images, out):
    out.parent.mkdir()
    with out.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BadInputError, match="no other process writes to"):
            ask(images, "--out", out)
    assert ask(images, "--out", out).return_value == 1


def test_a_place_that_cannot_be_written_is_refused(ask, images, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInputError, match="expected a file that can be written"):
        ask(images, "--out", tmp_path / "file/out.csv")


@pytest.mark.parametrize("arguments", [("--out", "out.txt"), ("--out", "out.csv", "--format", "text")])
def test_the_form_of_the_file_must_be_known(ask, images, arguments):
    with pytest.raises(
        click.UsageError, match=r"expected a name that ends in \.csv, \.json, \.jsonl, \.ndjson"
    ):
        ask(images, *arguments)


def test_a_name_that_is_no_text_is_kept(ask, server, images, out):
    name = os.fsdecode(b"\xff\xfe.jpg")
    (images / name).write_bytes(b"\x05")
    ask(images, "--out", out)
    count = len(server.asked)
    ask(images, "--out", out)
    assert len(server.asked) == count


def test_each_verdict_is_in_the_file_at_once(tmp_path):
    out = tmp_path / "out.jsonl"
    with AnswerFile(out, "json", [], "m") as file:
        for number in range(3):
            file.add(Verdict(str(number), 0.5, "real", 0.6, "m", 1, "00"))
            assert _paths(out) == [str(one) for one in range(number + 1)]


def test_a_copy_of_the_folder_is_other_paths(ask, server, images, out, tmp_path):
    ask(images, "--out", out)
    shutil.copytree(images, tmp_path / "copy")
    ask(tmp_path / "copy", "--out", out)
    assert len(server.asked) == 4
