"""A run that cannot begin, or whose page cannot be written: the person gets one line, the log the whole story."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from pipeline import run_report
from pipeline.config import PipelineConfig
from pipeline.local_run import LocalSession
from pipeline.report import pages
from pipeline.run_report import RunReport, TrainingReport
from pipeline.workspace import Workspace

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


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyError("what is not there")])
def test_a_page_that_cannot_be_written_takes_nothing_from_the_run(tmp_path, monkeypatch, error, capsys):
    workspace = Workspace.create(tmp_path / "ws")
    done = RunReport(
        TrainingReport("2026-11-25T04:14:41", [], tmp_path), tmp_path, [], True, [], tmp_path, tmp_path / "1"
    )

    def fail(report, workspace):
        raise error

    monkeypatch.setattr(LocalSession, "run_nodes", lambda *_: None)
    monkeypatch.setattr(run_report, "read_latest_report", lambda _: done)
    monkeypatch.setattr(pages, "write_pages", fail)
    session = LocalSession(workspace, Console(file=io.StringIO()), workspace.logs / "the.log")
    report = session.run(PipelineConfig(), tmp_path)
    assert (report.pushed_to, report.page, report.all_done) == (done.pushed_to, None, False)
    again = f"`deepfake-inspector report 2026-11-25T04:14:41 --workspace {workspace.root}` tries again."
    assert str(error) in report.page_problem
    assert report.page_problem.endswith(again)
    kept = json.loads((workspace.reports / "2026-11-25T04-14-41/metrics.json").read_text())
    assert kept == report.as_dict()
    # In a run, standard error goes into the log.
    assert "Traceback (most recent call last)" in capsys.readouterr().err
