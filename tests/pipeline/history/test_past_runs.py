"""What past runs came to: whatever is missing is no value, and only runs on the same data compete."""

import json
import math

import pytest
from click.testing import CliRunner

from pipeline.commands.history import history
from pipeline.errors import ConfigError
from pipeline.history.past_runs import past_runs, runs_of
from pipeline.history.runs import Outcome
from pipeline.workspace import Workspace


def _past(made_up):
    return past_runs(runs_of(made_up.workspace))


def _history(*arguments):
    result = CliRunner().invoke(history, [*map(str, arguments)], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.stdout


def test_a_finished_run_in_short(made_up, tmp_path):
    version = tmp_path / "models/deepfake-inspector/1795581903"
    version.mkdir(parents=True)
    made_up.finished("2026-11-25T04:14:41.813181", pushed_to=version)
    [run] = _past(made_up)
    assert (run.outcome, run.images, run.backbone) == (Outcome.DONE, 60, "efficientnet-b0")
    assert (run.auc_validation, run.auc, run.accuracy, run.threshold) == (0.95, 0.9, 0.7, 0.4)
    assert run.false_positive_rate == pytest.approx(0.2)
    assert (run.blessed, run.pushed_to, run.version_is) == (True, version, "served")
    assert run.best == ()


def test_a_newer_version_is_served_and_a_removed_one_is_gone(made_up, tmp_path):
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
    for name, version in (("a", 1), ("b", 2), ("c", 3)):
        made_up.finished(name, pushed_to=tmp_path / str(version))
    assert [run.version_is for run in _past(made_up)] == ["gone", "served", "there"]


def test_a_split_of_one_class_has_no_auc(made_up, phase_table):
    made_up.finished("a", table=phase_table(auc=math.nan, recall_real=math.nan))
    [run] = _past(made_up)
    assert (run.auc, run.false_positive_rate, run.accuracy) == (None, None, 0.7)
    assert "nan" not in _history("--workspace", made_up.workspace.root, "--json").lower()


def test_a_run_that_came_to_nothing_has_no_values(made_up):
    made_up.begin("a")
    failed = made_up.begin("b")
    made_up.step(failed, "DataGate", 4)
    nothing = [run.as_dict() for run in _past(made_up)]
    assert [one.pop("name") for one in nothing] == ["b", "a"]
    assert [one.pop("outcome") for one in nothing] == ["failed", "unfinished"]
    assert nothing[0].pop("failed_at") == "DataGate"
    for one in nothing:
        one.pop("seconds")
        assert {value for value in one.values() if value not in ("mini", [])} == {None}


def test_the_best_is_marked_among_runs_on_the_same_data_only(made_up, phase_table):
    made_up.finished("a", data="one", table=phase_table(auc=0.8, recall_real=0.9))
    made_up.finished("b", data="one", table=phase_table(auc=0.9, recall_real=0.7))
    made_up.finished("c", data="two", table=phase_table(auc=0.99, recall_real=0.99))
    assert {run.name: run.best for run in _past(made_up)} == {
        "a": ("false_positive_rate",),
        "b": ("auc",),
        "c": (),
    }


def test_a_folder_without_runs_is_said(tmp_path):
    Workspace.create(tmp_path / "new")
    for folder in (tmp_path / "new", tmp_path / "nowhere"):
        with pytest.raises(
            ConfigError, match=r"expected a folder in which `run` has run, received .*holds no run"
        ):
            runs_of(Workspace(folder))


def test_the_list_fits_a_terminal_and_names_each_run(made_up, phase_table):
    made_up.finished("2026-11-25T04:14:41.813181", table=phase_table(auc=0.8))
    made_up.finished("2026-11-25T05:14:41.813181", blessed=False, backbone="efficientnetv2-b3")
    text = _history("--workspace", made_up.workspace.root)
    assert max(map(len, text.splitlines())) <= 80
    assert [line[:19] for line in text.splitlines() if line.startswith("2026")] == [
        "2026-11-25T05:14:41",
        "2026-11-25T04:14:41",
    ]
    assert "0.900*" in text
    assert "not blessed" in text
    assert "* the best of the runs on the same records." in text
    runs = json.loads(_history("--workspace", made_up.workspace.root, "--json", "--limit", 1))["runs"]
    assert [(run["name"], run["blessed"]) for run in runs] == [("2026-11-25T05:14:41.813181", False)]


def test_one_name_alone_is_no_comparison(made_up):
    with pytest.raises(Exception, match="expected no run, to list all, or two, to compare them, received 1"):
        _history("2026", "--workspace", made_up.workspace.root)


def test_it_loads_neither_tfx_nor_tensorflow(fresh_python, made_up):
    made_up.finished("a")
    found = fresh_python(
        "import sys; from pipeline.commands.history import history\n"
        f"history(['a', 'a', '--workspace', {str(made_up.workspace.root)!r}], standalone_mode=False)\n"
        "print([name for name in ('tensorflow', 'tfx', 'tensorflow_model_analysis') if name in sys.modules])"
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1] == "[]"
