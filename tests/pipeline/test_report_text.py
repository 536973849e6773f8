"""The report fits a terminal of 80 columns, and names stages and slices whole."""

import io

from rich.console import Console

from components.evaluator.results import Confusion, SliceMetrics
from pipeline.run_report import RunReport, TrainingReport
from pipeline.terminal.report_text import report_text

_RATES = ("auc", "accuracy", "precision_real", "precision_fake", "recall_real", "recall_fake")


def _text(report: RunReport) -> str:
    out = io.StringIO()
    Console(file=out, width=80, soft_wrap=True).print(report_text(report))
    return out.getvalue()


def _report(tmp_path, **changes) -> RunReport:
    phase = {
        "stage": {"name": "last-40", "epochs": 16, "seconds": 897.4},
        "calibration": {"threshold": 0.4187},
        "metrics": [
            {"split": split, "support": 10_905, **dict.fromkeys(_RATES, 0.9138)} for split in ("val", "test")
        ],
    }
    fields = {
        "training": TrainingReport("2026-11-24T22:16:37", [phase], tmp_path / "logs"),
        "records": tmp_path,
        "slices": [
            SliceMetrics("overall", 0.9138, 0.9, 0.379, Confusion(None, 67, 16, 64, 13), ()),
            SliceMetrics("method=stylegan", None, None, 0.459, Confusion(None, 67, 0, 0, 13), ()),
        ],
        "blessed": True,
        "reasons": [],
        "model": tmp_path,
        "pushed_to": tmp_path / "1",
    }
    return RunReport(**fields | changes)


def test_both_tables_fit_and_names_are_whole(tmp_path):
    lines = _text(_report(tmp_path)).splitlines()
    tables = [line for line in lines if str(tmp_path) not in line]
    assert max(map(len, tables)) <= 80
    [stage] = [line for line in lines if line.startswith("last-40")]
    assert stage.split()[:7] == ["last-40", "16", "14:57", "0.419", "val", "10905", "0.914"]
    [fakes] = [line for line in lines if line.startswith("method=stylegan")]
    # One class only: no AUC, no precision, no recall of the other.
    assert fakes.split()[1:] == ["0", "80", "-", "0.459", "0.838", "-", "-", "-", "0.838"]


def test_a_refusal_gives_its_reasons(tmp_path):
    text = _text(_report(tmp_path, blessed=False, reasons=["auc: expected at least 0.8"], pushed_to=None))
    assert "Not blessed, not pushed" in text
    assert "auc: expected at least 0.8" in text


def test_it_says_where_to_look_on(tmp_path):
    lines = _text(_report(tmp_path)).splitlines()
    assert lines[-2:] == [
        f"Plot of the epochs: {tmp_path}/logs/history.png",
        f"TensorBoard: tensorboard --logdir {tmp_path}/logs/tensorboard",
    ]
    assert _report(tmp_path).as_dict()["training_logs"] == {
        "history": f"{tmp_path}/logs/history.csv",
        "plot": f"{tmp_path}/logs/history.png",
        "tensorboard": f"{tmp_path}/logs/tensorboard",
    }
