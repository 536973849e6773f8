"""Each task after those it needs."""

import pytest

from pipeline.errors import ConfigError
from pipeline.runners.executing.ordering import ordered_tasks


def test_artifacts_parameters_and_bare_dependencies_count(maker):
    maker.task("D", inputs=("C",))
    maker.task(
        "C", parameters={"x": {"taskOutputParameter": {"producerTask": "B", "outputParameterKey": "x"}}}
    )
    maker.task("B")["dependentTasks"] = ["A"]
    maker.task("A")
    assert ordered_tasks(maker.compiled()) == ["A", "B", "C", "D"]


def test_a_producer_that_is_not_there_is_named(maker):
    maker.task("A")
    # As TFX compiles a parameter that comes from another node.
    maker.task(
        "B", parameters={"x": {"taskOutputParameter": {"producerTask": "A_task", "outputParameterKey": "x"}}}
    )
    with pytest.raises(ConfigError, match="Task 'B' needs 'A_task', which the spec has not; it has A, B"):
        ordered_tasks(maker.compiled())


def test_a_circle_is_shown(maker):
    maker.task("A", inputs=("B",))
    maker.task("B", inputs=("A",))
    with pytest.raises(ConfigError, match=r"without a circle, received (A → B → A|B → A → B)"):
        ordered_tasks(maker.compiled())


def test_what_kubeflow_cannot_run_is_refused(maker):
    maker.task("A", resolver={"outputArtifactQueries": {}})
    with pytest.raises(ConfigError, match="Task 'A': expected a container or an importer, received resolver"):
        ordered_tasks(maker.compiled())


def test_what_is_not_executed_here_is_refused(maker):
    task = maker.task("A")
    for feature in (
        {"triggerPolicy": {"condition": "1 == 2"}},
        {"triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}},
        {"parameterIterator": {"itemInput": "x"}},
    ):
        maker.tasks["A"] = task | feature
        with pytest.raises(ConfigError, match=r"Task 'A': .* are not executed here"):
            ordered_tasks(maker.compiled())


def test_a_container_without_a_command_is_refused(maker):
    maker.task("A")
    maker.spec["deploymentSpec"]["executors"]["A_executor"]["container"]["command"] = []
    with pytest.raises(ConfigError, match="Task 'A': expected a container with a command"):
        ordered_tasks(maker.compiled())
