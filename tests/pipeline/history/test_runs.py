"""Runs as ML Metadata has them: how they ended, what they put out, and how they are named."""

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.errors import ConfigError
from pipeline.history.runs import Outcome, find_run, read_runs

COMPLETE, CACHED = mlmd.Execution.COMPLETE, mlmd.Execution.CACHED
FAILED, RUNNING = mlmd.Execution.FAILED, mlmd.Execution.RUNNING


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([], Outcome.UNFINISHED),
        ([("Trainer", RUNNING)], Outcome.UNFINISHED),
        ([("Trainer", FAILED)], Outcome.FAILED),
        ([("StatisticsGen", COMPLETE)], Outcome.UNFINISHED),
        ([("StatisticsGen", CACHED), ("Trainer", COMPLETE)], Outcome.TRAINED),
        ([("Trainer", COMPLETE), ("Evaluator", COMPLETE)], Outcome.UNFINISHED),
        ([("Trainer", COMPLETE), ("Evaluator", FAILED)], Outcome.FAILED),
        ([("Trainer", CACHED), ("Evaluator", CACHED), ("Pusher", CACHED)], Outcome.DONE),
    ],
)
def test_how_a_run_ended(made_up, steps, outcome):
    run = made_up.begin("2026-11-25T04:00:00.000000")
    for node, state in steps:
        made_up.step(run, node, state)
    [found] = read_runs(made_up.store)
    assert found.outcome is outcome
    assert [one.node for one in found.steps] == [node for node, _ in steps]
    assert found.failed_at == next((node for node, state in steps if state == FAILED), None)
    assert (found.seconds is None) == (not steps)


def test_the_newest_comes_first_with_its_own_outputs(made_up):
    for name, data in (("a", "one"), ("b", "two"), ("c", "three")):
        made_up.finished(name, data)
    found = read_runs(made_up.store, 2)
    assert [one.name for one in found] == ["c", "b"]
    assert [
        one.output("ImportExampleGen", "examples").custom_properties["input_fingerprint"].string_value
        for one in found
    ] == ["three", "two"]
    assert found[0].config_name == "mini"
    assert str(found[0].records) == "/records/faces"
    assert found[0].output("Tuner", "model") is None


def test_what_came_from_the_cache_took_as_long_as_its_maker(made_up):
    first, second = made_up.begin("a"), made_up.begin("b")
    made_up.step(first, "Transform", COMPLETE, cache="key")
    made_up.step(second, "Transform", CACHED, cache="key")
    made_up.step(second, "Trainer", CACHED)
    newest, oldest = read_runs(made_up.store)
    transform, trainer = newest.steps
    assert transform.from_cache
    assert transform.seconds == oldest.steps[0].seconds
    assert trainer.seconds is None


@pytest.fixture
def three(made_up):
    """Runs with names of which one begins another, and two begin alike."""
    for name in ("2026-11-25T04:00:00", "2026-11-25T04:00:00.5", "2026-11-26T04:00:00.1"):
        made_up.begin(name)
    return read_runs(made_up.store)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2026-11-26", "2026-11-26T04:00:00.1"),
        ("2026-11-26T04-00", "2026-11-26T04:00:00.1"),
        ("2026-11-25T04:00:00", "2026-11-25T04:00:00"),
        ("2026-11-25T04:00:00.", "2026-11-25T04:00:00.5"),
    ],
)
def test_a_run_is_found_by_the_beginning_of_its_name(three, name, expected):
    assert find_run(three, name).name == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("2026-11-25", r"received '2026-11-25'; begin so: 2026-11-25T04:00:00\.5, 2026-11-25T04:00:00\.$"),
        ("2025", r"received '2025'; there are: 2026-11-26T04:00:00\.1, .*"),
    ],
)
def test_a_name_that_fits_none_or_several_says_which_there_are(three, name, words):
    with pytest.raises(ConfigError, match=words):
        find_run(three, name)


def test_many_runs_are_not_all_named(made_up):
    for number in range(15):
        made_up.begin(f"run-{number:02}")
    with pytest.raises(ConfigError, match=r"run-05 and 5 more\.$"):
        find_run(read_runs(made_up.store), "x")
