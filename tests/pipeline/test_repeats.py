"""Several seeds: which trainings are asked for, and mean and deviation against numpy."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from pipeline import run_report
from pipeline.config import PipelineConfig
from pipeline.local_run import LocalSession
from pipeline.repeats import METRICS, REPEATS_FILE, run_repeats
from pipeline.run_report import RunReport, TrainingReport
from pipeline.terminal.repeats_text import repeats_text
from pipeline.workspace import Workspace

STAGES, SPLITS = ("frozen", "last-40"), ("val", "test")


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


def _training(number, folder):
    rng = np.random.default_rng(number)
    phases = [
        {
            "stage": {"name": stage, "epochs": 1, "seconds": 61.0},
            "calibration": {"threshold": rng.uniform()},
            "metrics": [
                {"split": split, "support": 10_905, **{name: rng.uniform() for name in METRICS[1:]}}
                for split in SPLITS
            ],
        }
        for stage in STAGES
    ]
    return TrainingReport(f"run-{number}", phases, folder)


@pytest.fixture
def repeated(monkeypatch, imported, workspace, tmp_path):
    """Three seeds from 7 on: the report, and what was asked for."""
    asked = []

    def run(session, config, records, options):
        asked.append((config, options))
        training = _training(0, tmp_path)
        (workspace.reports / training.run).mkdir(parents=True)
        return RunReport(training, records, [], False, ["too bad"], tmp_path, None)

    monkeypatch.setattr(LocalSession, "run", run)
    monkeypatch.setattr(
        LocalSession, "run_nodes", lambda _, config, records, options: asked.append((config, options))
    )
    monkeypatch.setattr(run_report, "read_training", lambda _: _training(len(asked) - 1, tmp_path))
    config = PipelineConfig(training={"seed": 7}, model={"weights": "none"})
    return run_repeats(config, imported, workspace, 3, tmp_path / "start"), asked, config


def test_further_seeds_change_the_seed_of_the_training_alone_and_end_there(repeated, tmp_path):
    report, asked, config = repeated
    assert report.seeds == [7, 8, 9]
    for number, (asked_for, options) in enumerate(asked):
        assert asked_for.training.seed == 7 + number
        training = asked_for.training.model_copy(update={"seed": 7})
        assert asked_for.model_copy(update={"training": training}) == config
        assert options.until_trained == (number > 0)
        assert options.warm_start == tmp_path / "start"


def test_mean_and_sample_deviation_of_every_metric_by_stage_and_split(repeated, tmp_path):
    report, *_ = repeated
    rows = report.rows()
    assert [(row["stage"], row["split"], row["support"]) for row in rows] == [
        (stage, split, 10_905) for stage in STAGES for split in SPLITS
    ]
    for position, row in enumerate(rows):
        stage, split = divmod(position, 2)
        for metric in METRICS:
            values = []
            for number in range(3):
                phase = _training(number, tmp_path).phases[stage]
                values.append(phase["calibration"].get(metric, phase["metrics"][split].get(metric)))
            assert row["mean"][metric] == pytest.approx(np.mean(values))
            assert row["std"][metric] == pytest.approx(np.std(values, ddof=1))


def test_a_metric_that_is_undefined_under_one_seed_has_no_mean(repeated):
    report, *_ = repeated
    report.trainings[1].phases[0]["metrics"][1]["auc"] = None
    row = report.rows()[1]
    assert row["mean"]["auc"] is None
    assert row["std"]["auc"] is None
    assert np.isfinite([row["mean"]["accuracy"], row["std"]["accuracy"]]).all()


def test_all_of_it_is_kept_and_the_first_run_stays_where_it_was(repeated, workspace):
    report, *_ = repeated
    content = json.loads((workspace.reports / "run-0" / REPEATS_FILE).read_text())
    repeats = content.pop("repeats")
    assert content == json.loads(json.dumps(report.report.as_dict()))
    assert repeats["seeds"] == [run["seed"] for run in repeats["runs"]] == [7, 8, 9]
    assert [run["run"] for run in repeats["runs"]] == ["run-0", "run-1", "run-2"]
    assert repeats["rows"] == json.loads(json.dumps(report.rows()))


def test_the_table_fits_a_terminal(repeated, tmp_path):
    report, *_ = repeated
    out = io.StringIO()
    Console(file=out, width=80, soft_wrap=True).print(repeats_text(report))
    lines = out.getvalue().splitlines()
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= 80
    mean, deviation = lines[-2:]
    last = report.rows()[-1]
    assert mean.split()[:5] == [
        "last-40",
        "test",
        "10905",
        f"{last['mean']['threshold']:.3f}",
        f"{last['mean']['auc']:.3f}",
    ]
    assert deviation.split()[:3] == ["±", f"{last['std']['threshold']:.3f}", f"{last['std']['auc']:.3f}"]
