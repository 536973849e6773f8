"""The command `predict`: forms, images among videos, and how little it loads."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import av
import click
import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def video(images):
    """Three seconds, ten frames a second, among the images."""
    path = images / "bb.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for position in range(30):
            pixels = np.full((48, 64, 3), position * 8, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_csv_on_standard_output(ask, images):
    result = ask(images, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert result.return_value == 1
    assert result.stderr == ""
    assert [(row["decision"], row["error"]) for row in rows] == [("fake", ""), ("", "no image"), ("real", "")]
    assert rows[0]["path"] == f"{images}/a.jpg"


def test_json_by_its_other_name(ask, images):
    assert ask(images, "--format", "json").stdout == ask(images, "--json").stdout
    with pytest.raises(click.UsageError, match="leave it out for --format csv"):
        ask(images, "--json", "--format", "csv")


def test_a_name_that_is_no_text_goes_out_as_it_is(ask, images):
    (images / os.fsdecode(b"\xff.jpg")).write_bytes(b"\x05")
    assert os.fsencode(images) + b"/\xff.jpg\t" in ask(images).stdout_bytes


def test_videos_of_folders_are_taken_when_asked_for_and_keep_their_place(ask, images, video):
    assert "bb.mkv" not in ask(images).stdout

    result = ask(images, "--videos")
    assert result.return_value == 1
    assert result.stderr.splitlines()[0] == "path\tscore\tdecision\tthreshold\tmodel_version\tframes"
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [(Path(line[0]).name, line[5]) for line in lines] == [
        ("a.jpg", ""),
        ("bb.mkv", "3"),
        ("c.jpg", ""),
    ]


def test_a_video_that_is_named_is_judged_frame_by_frame(ask, video):
    result = ask(video, "--json", "--frames-per-second", "2", "--max-frames", "4", "--aggregate", "max")
    answer = json.loads(result.stdout)
    assert [frame["time_s"] for frame in answer["frames"]] == pytest.approx([0, 1.0, 2.0, 2.9], abs=0.06)
    assert answer["score"] == max(frame["score"] for frame in answer["frames"])
    assert answer["sampling"] == "max of whole frames, 2 a second, at most 4"
    assert "calibrated on single images" in answer["note"]


def test_a_bad_video_does_not_stop_the_others(ask, images, video):
    (images / "0.mp4").write_bytes(b"text")
    result = ask(images, "--videos")
    assert result.return_value == 1
    assert f"{images}/0.mp4: no verdict: cannot be read as a video" in result.stderr
    assert len(result.stdout.splitlines()) == 3


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_a_video_is_judged_again_when_it_is_looked_at_in_another_way(ask, server, video, tmp_path, name):
    out = tmp_path / name
    for arguments, asked in (
        ((), 3),
        ((), 3),
        (("--frames-per-second", "2"), 9),
        (("--max-frames", "2"), 11),
    ):
        assert ask(video, "--out", out, *arguments).return_value == 0
        assert len(server.asked) == asked


def test_a_label_is_asked_for_and_goes_without_a_version(ask, images):
    assert "fake" in ask(images, "--model-label", "stable").stdout
    with pytest.raises(ValueError, match="received both 3 and 'stable'"):
        ask(images, "--model-label", "stable", "--model-version", "3")


def test_a_tls_file_that_is_none_is_refused(ask, images):
    with pytest.raises(ValueError, match="expected the contents of a PEM file as root certificates"):
        ask(images, "--tls-ca", images / "a.jpg")


_WITHOUT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
from pipeline.cli import main
main()
"""
_STACK = ("tensorflow", "tfx", "keras", "tensorflow_serving", "apache_beam", "tensorflow_data_validation")


@pytest.mark.parametrize(
    ("blocked", "code", "lines"),
    [(_STACK, 1, 3), ((*_STACK, "rich"), 1, 3), ((*_STACK, "av"), 2, 0)],
    ids=["without TensorFlow", "and without rich", "and without PyAV"],
)
def test_it_needs_no_tensorflow(images, server, video, tmp_path, blocked, code, lines):
    result = subprocess.run(
        [
            *(sys.executable, "-c", _WITHOUT.replace("BLOCKED", repr(blocked))),
            *("predict", str(images), "--videos", "--server", server.address),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in result.stderr
    assert (result.returncode, len(result.stdout.splitlines())) == (code, lines)
    if code == 2:
        assert "pip install 'deepfake-inspector[video]'" in result.stderr


def test_images_alone_need_neither_numpy_nor_pyav(images, server):
    blocked = (*_STACK, "numpy", "PIL", "av", "cv2", "rich")
    result = subprocess.run(
        [
            *(sys.executable, "-c", _WITHOUT.replace("BLOCKED", repr(blocked))),
            *("predict", str(images), "--server", server.address),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, len(result.stdout.splitlines())) == (1, 2)


def _on_a_terminal(arguments, also_stdout):
    """What a terminal shows, and what came out elsewhere."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from pipeline.cli import main; main()", "predict", *map(str, arguments)],
        cwd=REPOSITORY,
        stdout=theirs if also_stdout else subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:
        pass  # how a terminal ends on Linux
    os.close(ours)
    out = process.stdout.read() if process.stdout else b""
    process.wait(60)
    if process.stdout:
        process.stdout.close()
    return shown.decode(), out.decode()


@pytest.mark.parametrize(
    ("arguments", "also_stdout", "bar"),
    [
        ((), False, True),
        ((), True, True),
        (("--json",), False, True),
        (("--json",), True, False),
        (("--format", "csv"), True, False),
    ],
)
def test_a_bar_on_a_terminal_unless_it_would_run_into_json(images, server, arguments, also_stdout, bar):
    shown, out = _on_a_terminal((images, "--server", server.address, *arguments), also_stdout)
    assert ("asking" in shown and "3/3" in shown) == bar
    answers = shown if also_stdout else out
    assert f"{images}/a.jpg" in answers
    assert "asking" not in out
