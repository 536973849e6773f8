"""A run that cannot begin: the person gets one line, the log the whole story."""

import subprocess
import sys
from pathlib import Path

_COMMAND = Path(sys.executable).parent / "deepfake-inspector"


def test_a_source_without_images_ends_in_one_line_and_its_traceback_in_the_log(tmp_path):
    (tmp_path / "empty").mkdir()
    finished = subprocess.run(
        [_COMMAND, "run", "--config", "demo", "--data", "empty", "--workspace", "ws"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith("Error: Expected images in a folder named 'real'")
    assert finished.stderr.count("\n") == 1
    [log] = (tmp_path / "ws/logs").iterdir()
    assert "Traceback (most recent call last)" in log.read_text()
    assert finished.stderr.removeprefix("Error: ") in log.read_text()
