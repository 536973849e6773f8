"""What each phase starts from and is held against, and the one table over them; nothing is trained here."""

import dataclasses
import io
import json

import pytest
from rich.console import Console

from data.errors import BadInputError
from pipeline.config import PipelineConfig
from pipeline.local_run import LocalSession
from pipeline.phases import phases_folder
from pipeline.progressive import PHASES_FILE, run_phases
from pipeline.run_report import RunReport, TrainingReport
from pipeline.terminal.progressive_text import progressive_text
from pipeline.workspace import Workspace

_RATES = ("auc", "accuracy", "precision_real", "precision_fake", "recall_real", "recall_fake")


@dataclasses.dataclass
class Pretended:
    """Runs as they were asked for, and which of them are blessed."""

    blessed: tuple[bool, ...]
    asked: list = dataclasses.field(default_factory=list)

    def run(self, session, config, records, options):
        number = len(self.asked)
        self.asked.append((config, records, options))
        folder = session.workspace.artifacts / str(number)
        push = session.workspace.model_base_path("detector") / str(number)
        push.mkdir(parents=True)
        metrics = [
            {"split": split, "support": support, **dict.fromkeys(_RATES, 0.5 + number / 10)}
            for split, support in (("val", 5), ("test", 6))
        ]
        stage = {"stage": {"name": "all"}, "calibration": {"threshold": 0.25}, "metrics": metrics}
        report = RunReport(
            training=TrainingReport(f"run-{number}", [{}, stage], folder),
            records=records,
            slices=[],
            blessed=self.blessed[number],
            reasons=[],
            model=folder / "Format-Serving",
            pushed_to=push if self.blessed[number] else None,
        )
        report.folder(session.workspace).mkdir(parents=True)
        return report


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


@pytest.fixture
def pretend(monkeypatch):
    """``pretend(*blessed)``: runs end at once, blessed or not, one after the other."""

    def make(*blessed: bool) -> Pretended:
        pretended = Pretended(blessed)
        monkeypatch.setattr(LocalSession, "run", lambda *arguments: pretended.run(*arguments))
        return pretended

    return make


def _config(*sizes: int) -> PipelineConfig:
    phases = [{"subset": {"name": f"p{size}", "images": size}} for size in sizes]
    return PipelineConfig(name="mine", phases=phases, model={"weights": "none"})


def _starts(pretended):
    """Of each phase the number of the model it started from, and whether it is held against it."""
    return [
        (options.warm_start and options.warm_start.parent.name, options.held_against_start)
        for _, _, options in pretended.asked
    ]


def test_each_starts_from_the_last_blessed_model_before_it(pretend, imported, workspace):
    pretended = pretend(True, False, True, True)
    report = run_phases(_config(8, 12, 16, 20), imported, workspace)
    assert _starts(pretended) == [(None, False), ("0", True), ("0", True), ("2", True)]
    assert [phase.started_from and phase.started_from.parent.name for phase in report.phases] == [
        *(None, "0", "0", "2")
    ]


def test_the_first_starts_from_the_model_that_was_given_and_so_do_others_until_one_is_blessed(
    pretend, imported, workspace, tmp_path
):
    pretended = pretend(False, True, True)
    run_phases(_config(8, 12, 16), imported, workspace, tmp_path / "given/1")
    assert _starts(pretended) == [("given", False), ("given", False), ("1", True)]


def test_each_is_a_run_of_its_own_name_on_its_own_records(pretend, imported, workspace):
    pretended = pretend(True, True)
    run_phases(_config(8, 12), imported, workspace)
    assert [config.name for config, _, _ in pretended.asked] == ["mine-p8", "mine-p12"]
    ours = phases_folder(imported, workspace)
    for _, records, options in pretended.asked:
        assert records.parent == options.same_data == ours


def test_the_table_has_a_row_a_phase_and_split_and_is_kept(pretend, imported, workspace):
    pretend(True, False)
    report = run_phases(_config(8, 12), imported, workspace)
    rows = [(row["phase"], row["images"], row["split"], row["blessed"]) for row in report.rows()]
    assert rows == [
        ("p8", 8, "val", True),
        ("p8", 8, "test", True),
        ("p12", 12, "val", False),
        ("p12", 12, "test", False),
    ]
    assert report.rows()[3] | {"support": 6, "threshold": 0.25, "auc": 0.6} == report.rows()[3]
    content = json.loads((workspace.reports / "run-1" / PHASES_FILE).read_text())
    assert content == json.loads(json.dumps(report.as_dict()))
    assert [phase["run"] for phase in content["phases"]] == ["run-0", "run-1"]
    assert report.last.pushed_to is None


def test_what_is_left_out_is_said_before_anything_runs(pretend, imported, workspace, monkeypatch):
    pretended, said = pretend(True), []
    monkeypatch.setattr(LocalSession, "tell", lambda _, text: said.append((len(pretended.asked), text)))
    report = run_phases(_config(8, 50), imported, workspace)
    words = "phase p50: it takes 25 real and 25 fake images, and there are 20 and 20"
    assert (0, f"left out   {words}") in said
    assert f"Left out: {words}." in _text(report)


def test_without_any_phase_to_run_it_is_the_users_mistake(pretend, imported, workspace):
    with pytest.raises(BadInputError, match=r"for at least one phase of 'mine', .*phase p50 is the smallest"):
        run_phases(_config(50, 60), imported, workspace)


def test_the_table_fits_a_terminal(pretend, imported, workspace):
    pretend(True, False)
    report = run_phases(_config(8, 12), imported, workspace)
    large = dataclasses.replace(report.phases[1], name="a-name-of-15-ch", images=179_430)
    for metrics in large.report.phases[-1]["metrics"]:
        metrics["support"] = 39_428
    lines = _text(dataclasses.replace(report, phases=[report.phases[0], large])).splitlines()
    assert max(len(line) for line in lines if str(workspace.root) not in line) <= 80
    [first] = [line for line in lines if line.startswith("p8")]
    assert first.split()[:7] == ["p8", "8", "0.250", "yes", "val", "5", "0.500"]
    assert any("179430" in line and " no " in line for line in lines)


def _text(report) -> str:
    out = io.StringIO()
    Console(file=out, width=80, soft_wrap=True).print(progressive_text(report))
    return out.getvalue()
