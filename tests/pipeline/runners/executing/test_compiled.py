"""Files of compiled pipelines, good and bad."""

import pytest

from pipeline.errors import ConfigError
from pipeline.runners.executing.compiled import read_spec


def test_kubeflows_yaml_with_its_second_document(maker):
    maker.task("A")
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"A_executor": {}}}}}}
    read = read_spec(maker.write("spec.yaml", platform))
    assert (read.name, list(read.spec.root.dag.tasks), read.platform) == ("small", ["A"], platform)
    assert read.executor("A").container.image == "example/image:1"
    assert read.parameter_values == {}


def test_vertex_json_with_its_parameters(maker):
    maker.task("A")
    read = read_spec(maker.write("job.json", {"runtimeConfig": {"parameterValues": {"records": "/there"}}}))
    assert list(read.spec.root.dag.tasks) == ["A"]
    assert read.parameter_values["records"].string_value == "/there"
    assert read.platform == {}


def test_another_schema_is_refused(maker):
    maker.task("A")
    maker.spec["schemaVersion"] = "2.0.0"
    with pytest.raises(ConfigError, match=r"expected schema 2\.1\.0, received '2\.0\.0'"):
        maker.compiled()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "tasks: [unfinished"),
        ("a.yaml", "just text"),
        ("a.yaml", ""),
        ("a.yaml", "a: 1\n---\nb: 2\n---\nc: 3\n"),
        ("a.json", "{"),
        ("a.json", '{"pipelineSpec": {"root": {"dag": 3}}}'),
        ("a.json", '{"pipelineSpec": 3}'),
    ],
)
def test_what_is_no_pipeline_is_refused(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match="expected a compiled pipeline"):
        read_spec(tmp_path / name)


def test_a_task_without_component_or_executor_is_refused(maker):
    task = maker.task("A")
    task["componentRef"]["name"] = "B"
    with pytest.raises(ConfigError, match="task 'A' is of no component: 'B'"):
        maker.compiled()
    task["componentRef"]["name"] = "A"
    maker.spec["deploymentSpec"]["executors"].clear()
    with pytest.raises(ConfigError, match="component 'A' has no executor"):
        maker.compiled()
    maker.tasks.clear()
    with pytest.raises(ConfigError, match="one without tasks"):
        maker.compiled()
