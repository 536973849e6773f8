"""Two runs side by side: settings that differ, metrics by slice, and a word of caution."""

import json

import pytest
from click.testing import CliRunner

from pipeline.commands.history import history
from pipeline.history.comparison import SettingChange, compare
from pipeline.history.runs import read_runs


def _compare(made_up, before="a", after="b"):
    runs = {run.name: run for run in read_runs(made_up.store)}
    return compare(runs[before], runs[after], made_up.workspace)


@pytest.fixture
def two(made_up):
    """Two runs on the same data, with other backbones."""
    made_up.finished("a")
    made_up.finished("b", backbone="efficientnetv2-b0")
    return made_up


def test_settings_that_differ_are_listed(two):
    comparison = _compare(two)
    assert comparison.settings == (SettingChange("model.backbone", "efficientnet-b0", "efficientnetv2-b0"),)
    assert comparison.same_data


def test_slices_are_compared_where_both_have_them(two):
    two.metrics("a", {"overall": {"auc": 0.8, "accuracy": 0.7}, "method=x": {"accuracy": 0.5}})
    two.metrics("b", {"overall": {"auc": 0.9, "accuracy": 0.6}, "method=y": {"accuracy": 0.4}})
    overall, only_before, only_after = _compare(two).slices
    assert overall.difference("auc") == pytest.approx(0.1)
    assert overall.difference("accuracy") == pytest.approx(-0.1)
    assert overall.difference("recall_fake") is None
    assert (only_before.name, only_before.after) == ("method=x", {})
    assert (only_after.name, only_after.before) == ("method=y", {})
    assert only_after.difference("accuracy") is None


def test_a_run_without_metrics_is_named(two):
    two.metrics("b", {"overall": {"auc": 0.9}})
    comparison = _compare(two)
    assert comparison.slices == ()
    assert comparison.without_metrics == ("a",)


def test_a_run_that_failed_can_be_compared(made_up):
    made_up.finished("a")
    failed = made_up.begin("b")
    made_up.step(failed, "Trainer", 4)
    comparison = _compare(made_up)
    assert comparison.settings == ()
    assert comparison.without_metrics == ("a", "b")
    assert not comparison.same_data


def test_the_terminal_shows_both_and_json_holds_all(two):
    two.finished("c", data="other")
    two.metrics("a", {"overall": {"auc": 0.8, "accuracy": 0.7}})
    two.metrics("c", {"overall": {"auc": 0.9, "accuracy": 0.6}})

    def run(*arguments):
        result = CliRunner().invoke(
            history, [*arguments, "--workspace", str(two.workspace.root)], standalone_mode=False
        )
        if result.exception:
            raise result.exception
        return result.stdout

    text = run("a", "c")
    assert "They were tested on other images: differences tell little." in text
    assert "Settings: the same." in text
    [line] = [line for line in text.splitlines() if line.startswith("overall")]
    assert line.split() == ["overall", "0.900", "+0.100", "0.600", "-0.100", "-", "-"]
    answer = json.loads(run("a", "c", "--json"))
    assert answer["slices"][0]["difference"]["auc"] == pytest.approx(0.1)
    assert answer["same_data"] is False


def test_a_run_is_the_same_as_itself(two):
    two.metrics("a", {"overall": {"auc": 0.8, "accuracy": 0.7}})
    itself, without = _compare(two, "a", "a"), _compare(two, "b", "b")
    assert [one.difference("auc") for one in itself.slices] == [0]
    assert itself.settings == ()
    assert without.without_metrics == ("b",)
