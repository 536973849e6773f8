"""`report`: which run it is of, where it goes, and what stands in its way."""

import json

import pytest
from click.testing import CliRunner

from pipeline import run_report
from pipeline.commands.report import report
from pipeline.errors import ConfigError, RunError
from pipeline.report import pages
from pipeline.run_report import RunReport, TrainingReport

OLD, NEW = "2026-11-25T04:14:41", "2026-11-26T04:14:41"


def _report(*arguments):
    result = CliRunner().invoke(report, [*map(str, arguments)], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


@pytest.fixture
def two(made_up, monkeypatch, report_facts, tmp_path):
    """A workspace with an evaluated run and a newer one that stopped; what was evaluated is made up."""

    def read(run):
        return RunReport(TrainingReport(run.name, [], tmp_path), tmp_path, [], True, [], tmp_path, None)

    made_up.finished(OLD)
    made_up.step(made_up.begin(NEW), "ImportExampleGen")
    monkeypatch.setattr(run_report, "read_report", read)
    monkeypatch.setattr(pages, "gather", lambda report, workspace: report_facts())
    return made_up.workspace


def test_without_a_name_it_is_of_the_newest_run_that_was_evaluated(two):
    result = _report("--workspace", two.root)
    assert f"The newest run, {NEW}, was not evaluated; this is the one before." in result.stderr
    folder = two.reports / "2026-11-25T04-14-41"
    assert result.stdout.splitlines() == [
        f"report      {folder}/report.html",
        f"model card  {folder}/model_card.md",
    ]
    assert {file.name for file in folder.iterdir()} == {"metrics.json", "model_card.md", "report.html"}


def test_json_says_what_the_file_says(two):
    answer = json.loads(_report("2026-11-25", "--workspace", two.root, "--json").stdout)
    assert answer["run"] == OLD
    assert answer == json.loads((two.reports / "2026-11-25T04-14-41/metrics.json").read_text())


def test_the_page_goes_where_it_is_asked_to(two, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = json.loads(_report(OLD, "--workspace", two.root, "--json", "--out", "mine.html").stdout)
    assert answer["page"] == str(tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text().startswith("<!doctype html>")
    with pytest.raises(
        ConfigError, match=r"--out: expected a file in a folder that exists, received 'no/a.html'"
    ):
        _report("--workspace", two.root, "--out", "no/a.html")


def test_a_page_that_cannot_be_written_is_one_sentence(two):
    two.reports.mkdir(exist_ok=True)
    (two.reports / "2026-11-25T04-14-41").write_text("in the way")
    with pytest.raises(RunError, match=r"The report could not be written: .*2026-11-25T04-14-41"):
        _report(OLD, "--workspace", two.root)


def test_a_run_that_there_is_not_names_those_there_are(two):
    with pytest.raises(ConfigError, match=f"received '2025'; there are: {NEW}, {OLD}"):
        _report("2025", "--workspace", two.root)


def test_a_run_that_failed_says_where(made_up):
    made_up.step(made_up.begin(NEW), "DataGate", 4)
    with pytest.raises(RunError, match=f"Run {NEW} has no report: DataGate failed"):
        _report("--workspace", made_up.workspace.root)


def test_a_folder_without_runs_is_said_and_left_as_it_is(tmp_path):
    with pytest.raises(ConfigError, match="which holds no run"):
        _report("--workspace", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_a_browser_still_has_the_report(two, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    with pytest.raises(RunError, match=f"found none. The report is at {two.reports}/.*/report.html"):
        _report(OLD, "--workspace", two.root, "--open")
