"""A run that is told to stop while a step works: it ends at once and cleanly, and the next one goes on from there."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

_COMMAND = Path(sys.executable).parent / "deepfake-inspector"
_CONFIG = "name: tiny\nmodel: {weights: none, image_size: 32}\n"


@pytest.fixture
def stop_after(imported, tmp_path):
    """``stop_after(line, number)``: signals half a second after a line was told; returns exit code and all lines."""
    (tmp_path / "tiny.yaml").write_text(_CONFIG)

    def run(awaited: str, number: signal.Signals) -> tuple[int, list[str]]:
        command = [_COMMAND, "run", "--config", "tiny.yaml", "--data", imported, "--workspace", "ws"]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
            killer = threading.Timer(300, process.kill)
            killer.start()
            lines = []
            for line in process.stderr:
                lines.append(line.rstrip())
                if line.startswith(awaited):
                    threading.Timer(0.5, process.send_signal, [number]).start()
            killer.cancel()
            code = process.wait(timeout=60)
        return code, lines

    return run


@pytest.mark.slow
def test_what_is_done_when_the_signal_comes_is_not_done_again(stop_after):
    # Statistics and transformation, the steps that the signals come in, take several seconds.
    code, lines = stop_after("ImportSchemaGen: done", signal.SIGTERM)
    assert code == 143, lines
    assert lines[-2].startswith("StatisticsGen: stopped after ")
    assert lines[-1].startswith("Stopped by SIGTERM. ")
    assert lines[-1].endswith("The same command goes on from there.")

    code, lines = stop_after("ImportSchemaGen: cached", signal.SIGINT)
    assert code == 130, lines
    assert any(line.startswith("ImportExampleGen: cached") for line in lines)
    assert lines[-2].startswith("StatisticsGen: stopped after ")
    assert lines[-1].startswith("Interrupted. ")
    assert lines[-1].endswith("The same command goes on from there.")

    code, lines = stop_after("DataGate: done", signal.SIGTERM)
    assert code == 143, lines
    assert lines[-2].startswith("Transform: stopped after ")
    assert "Traceback" not in "\n".join(lines)
