"""A folder appears whole or not at all, and nothing is left lying about."""

import os
import subprocess
import sys

import pytest

from data.atomic_folder import atomic_folder

# Fills half of the folder at argv[1], says so, and waits to be killed.
_HALF_DONE = """
import sys, time
from pathlib import Path
from data.atomic_folder import atomic_folder
with atomic_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    print("half done", flush=True)
    time.sleep(60)
"""


def _listing(folder):
    return sorted(os.listdir(folder))


def test_it_appears_at_the_end(tmp_path):
    with atomic_folder(tmp_path / "new" / "out") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("content")
        assert not (tmp_path / "new" / "out").exists()
    assert (tmp_path / "new" / "out" / "sub" / "file").read_text() == "content"
    assert _listing(tmp_path / "new") == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_or_interrupt_leaves_the_old_folder_and_no_trace(tmp_path, error):
    with atomic_folder(tmp_path / "out") as folder:
        (folder / "old").touch()

    def fail():
        with atomic_folder(tmp_path / "out") as folder:
            (folder / "new").touch()
            raise error

    with pytest.raises(error):
        fail()
    assert _listing(tmp_path) == ["out"]
    assert _listing(tmp_path / "out") == ["old"]


def test_the_old_folder_is_replaced_whole(tmp_path):
    for name in ("old", "new"):
        with atomic_folder(tmp_path / "out") as folder:
            (folder / name).touch()
    assert _listing(tmp_path / "out") == ["new"]
    assert _listing(tmp_path) == ["out"]


def test_what_a_killed_process_left_is_swept_but_not_the_work_of_a_living_one(tmp_path, request):
    command = [sys.executable, "-c", _HALF_DONE, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=request.config.rootpath) as process:
        try:
            assert process.stdout.readline() == b"half done\n"
            with atomic_folder(tmp_path / "out"):
                pass
            assert len(_listing(tmp_path)) == 2, "swept away while its owner still worked"
        finally:
            process.kill()
    with atomic_folder(tmp_path / "out") as folder:
        (folder / "whole").touch()
    assert _listing(tmp_path) == ["out"]
    assert _listing(tmp_path / "out") == ["whole"]


def test_a_folder_caught_between_the_two_renames_comes_back(tmp_path):
    left_behind = tmp_path / ".out.partial-abc"
    (left_behind / "replaced").mkdir(parents=True)
    (left_behind / "replaced" / "old").touch()
    (left_behind / ".lock").touch()

    def fail():
        with atomic_folder(tmp_path / "out"):
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail()
    assert _listing(tmp_path / "out") == ["old"]
