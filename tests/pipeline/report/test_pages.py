"""Page and model card are written into the run's folder and beside the pushed model."""

from pathlib import Path

import pytest

from pipeline.report import pages
from pipeline.report.pages import PUSHED_CARD_FILE, write_pages
from pipeline.run_report import RunReport, TrainingReport
from pipeline.workspace import Workspace

RUN = "2026-11-25T04:14:41.813181"


@pytest.fixture
def workspace(tmp_path, monkeypatch, report_facts):
    """A workspace; all that a report of a run in it tells is made up."""
    monkeypatch.setattr(pages, "gather", lambda report, workspace: report_facts())
    return Workspace.create(tmp_path / "workspace")


def _report(pushed_to: Path | None = None) -> RunReport:
    training = TrainingReport(RUN, [], Path("logs"))
    return RunReport(training, Path("records"), [], True, [], Path("model"), pushed_to)


def test_both_are_written_where_the_report_says(workspace, tmp_path):
    version = tmp_path / "models/1"
    version.mkdir(parents=True)
    report = write_pages(_report(version), workspace)
    assert report.page == workspace.reports / "2026-11-25T04-14-41.813181/report.html"
    assert report.page.read_text().startswith("<!doctype html>")
    assert report.model_card.read_text().startswith("---\n")
    assert (version / PUSHED_CARD_FILE).read_text() == report.model_card.read_text()
    assert sorted(path.name for path in report.page.parent.iterdir()) == ["model_card.md", "report.html"]


def test_a_card_that_was_edited_stays(workspace, tmp_path):
    (tmp_path / PUSHED_CARD_FILE).write_text("mine")
    report = write_pages(_report(tmp_path), workspace, tmp_path / "elsewhere.html")
    assert (tmp_path / PUSHED_CARD_FILE).read_text() == "mine"
    assert report.page == tmp_path / "elsewhere.html"


def test_a_version_that_is_gone_gets_no_card(workspace, tmp_path):
    assert write_pages(_report(tmp_path / "gone"), workspace).page.is_file()
    assert not (tmp_path / "gone").exists()


def test_a_page_that_cannot_be_written_leaves_the_old_one(workspace, monkeypatch, report_facts):
    report = write_pages(_report(), workspace)
    before = report.page.read_bytes()
    monkeypatch.setattr(pages, "gather", lambda report, workspace: report_facts(slices=()))
    with pytest.raises((ValueError, IndexError)):
        write_pages(_report(), workspace)
    assert report.page.read_bytes() == before
    assert {path.name for path in report.page.parent.iterdir()} == {"model_card.md", "report.html"}
