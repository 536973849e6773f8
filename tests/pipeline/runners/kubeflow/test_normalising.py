"""What a stock specification does wrong, and what becomes of it."""

import pytest
from tfx import v1 as tfx
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner as tfx_kubeflow

from pipeline.runners.kubeflow.compiling import compile_for_kubeflow
from pipeline.runners.kubeflow.normalising import add_defaults, leave_driver_to_entrypoint, mend_producers
from pipeline.runners.kubeflow.target import load_target


@tfx.dsl.components.component
def Measure(value: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.String]):  # noqa: N802
    """Gives a value."""


@tfx.dsl.components.component
def Decide(threshold: tfx.dsl.components.Parameter[str], where: tfx.dsl.components.Parameter[str]):  # noqa: N802
    """Takes the value of another node."""


@pytest.fixture
def stock(tmp_path):
    """A PipelineSpec as TFX compiles it: an ExampleGen, a parameter, and a value that goes from node to node."""
    example_gen = tfx.components.ImportExampleGen(input_base=str(tmp_path))
    measure = Measure()
    decide = Decide(
        threshold=measure.outputs["value"].future()[0].value,
        where=tfx.dsl.experimental.RuntimeParameter(name="where", ptype=str, default="here"),
    )
    pipeline = tfx.dsl.Pipeline("stock", str(tmp_path), components=[example_gen, measure, decide])
    config = tfx_kubeflow.KubeflowV2DagRunnerConfig(default_image="a:1", use_pipeline_spec_2_1=True)
    return tfx_kubeflow.KubeflowV2DagRunner(config).run(pipeline, write_out=False)["pipelineSpec"]


def test_a_default_that_tfx_drops_is_added(stock):
    declared = stock["root"]["inputDefinitions"]["parameters"]
    assert declared == {"where": {"parameterType": "STRING"}}
    add_defaults(stock, {"where": "there"})
    assert declared == {"where": {"parameterType": "STRING", "defaultValue": "there"}}


def test_a_producer_is_named_as_its_task_is(stock):
    source = stock["root"]["dag"]["tasks"]["Decide"]["inputs"]["parameters"]["threshold"][
        "taskOutputParameter"
    ]
    assert source["producerTask"] == "Measure_task"
    mend_producers(stock)
    assert source == {"producerTask": "Measure", "outputParameterKey": "value"}


def test_a_task_that_is_really_named_so_keeps_its_name(stock):
    tasks = stock["root"]["dag"]["tasks"]
    tasks["Measure_task"] = tasks["Measure"]
    mend_producers(stock)
    source = tasks["Decide"]["inputs"]["parameters"]["threshold"]["taskOutputParameter"]
    assert source["producerTask"] == "Measure_task"


def test_the_hook_that_nobody_calls_is_left_out(stock):
    container = stock["deploymentSpec"]["executors"]["ImportExampleGen_executor"]["container"]
    assert "preCacheCheck" in container["lifecycle"]
    arguments = list(container["args"])
    leave_driver_to_entrypoint(container)
    assert "lifecycle" not in container
    assert container["args"] == arguments


def test_what_reads_from_outside_is_not_cached_and_all_else_is(tasks):
    cached = {node for node, task in tasks.items() if task["cachingOptions"].get("enableCache")}
    assert set(tasks) - cached == {"ImportExampleGen", "ImportSchemaGen", "LatestBlessed"}


def test_a_node_can_be_kept_from_the_cache(deployment):
    target = load_target("default", ["nodes.Trainer.cache=false"])
    tasks = compile_for_kubeflow(deployment(target=target)).spec["root"]["dag"]["tasks"]
    assert tasks["Trainer"]["cachingOptions"] == {}
    assert tasks["Transform"]["cachingOptions"] == {"enableCache": True}


def test_resources_are_those_of_the_table_for_example_gen_too(container):
    assert container("Trainer")["resources"] == {
        "cpuLimit": 8.0,
        "memoryLimit": 32.0,
        "accelerator": {"type": "nvidia.com/gpu", "count": "1"},
    }
    assert container("ImportExampleGen")["resources"] == {"cpuLimit": 2.0, "memoryLimit": 8.0}


def test_requests_environment_and_image_of_a_node(deployment):
    target = load_target(
        "default",
        [
            "nodes.Pusher={cpu_request: 0.5, memory_request: 1, env: {B: '2', A: '1'}, image: 'example/pusher:2'}"
        ],
    )
    executors = compile_for_kubeflow(deployment(target=target)).spec["deploymentSpec"]["executors"]
    pusher = executors["Pusher_executor"]["container"]
    assert pusher["resources"] == {
        "cpuLimit": 2.0,
        "memoryLimit": 4.0,
        "cpuRequest": 0.5,
        "memoryRequest": 1.0,
    }
    assert pusher["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert pusher["image"] == "example/pusher:2"
    assert executors["Trainer_executor"]["container"]["image"] == "example/inspector:1.0"


def test_retries_are_of_the_task(tasks):
    assert tasks["Trainer"]["retryPolicy"] == {
        "maxRetryCount": 3,
        "backoffDuration": "30s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": "3600s",
    }
    assert tasks["DataGate"]["retryPolicy"]["maxRetryCount"] == 1


def test_without_retries_there_is_no_policy(deployment):
    target = load_target("default", ["nodes.Pusher={retries: 0}"])
    tasks = compile_for_kubeflow(deployment(target=target)).spec["root"]["dag"]["tasks"]
    assert "retryPolicy" not in tasks["Pusher"]
