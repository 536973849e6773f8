"""The job for Vertex."""

import copy
import json

import pytest

from pipeline.config import load_config
from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.compiling import Deployment
from pipeline.runners.kubeflow.linting import lint_documents, lint_text
from pipeline.runners.kubeflow.target import load_target
from pipeline.runners.kubeflow.writing import job_text
from pipeline.runners.vertex.compiling import compile_for_vertex


def _deployment(**changes):
    usual = {
        "config": load_config("demo", ["model.weights=none"]),
        "target": load_target("vertex"),
        "records": "gs://data/records",
        "push_to": "gs://data/models/detector",
        "pipeline_root": "gs://data/runs",
        "image": "example/inspector:1.0",
    }
    return Deployment(**usual | changes)


@pytest.fixture(scope="module")
def job():
    """The demo as a PipelineJob."""
    return compile_for_vertex(_deployment())


def test_it_is_a_pipeline_job_that_nothing_is_to_be_said_against(job):
    assert job["displayName"] == "demo"
    assert job["runtimeConfig"]["gcsOutputDirectory"] == "gs://data/runs"
    assert job["pipelineSpec"]["schemaVersion"] == "2.1.0"
    assert lint_text(job_text(job), ".json") == []
    assert json.loads(job_text(job)) == job


def test_the_driver_of_example_gen_stays_in_its_hook_and_so_its_cache_can_be_used(job):
    spec = job["pipelineSpec"]
    container = spec["deploymentSpec"]["executors"]["ImportExampleGen_executor"]["container"]
    assert container["lifecycle"]["preCacheCheck"]["command"][-1].endswith("file_based_example_gen.driver")
    tasks = spec["root"]["dag"]["tasks"]
    uncached = {node for node, task in tasks.items() if not task["cachingOptions"].get("enableCache")}
    assert uncached == {"ImportSchemaGen", "LatestBlessed"}


def test_machines_are_named_as_vertex_names_them(job):
    executors = job["pipelineSpec"]["deploymentSpec"]["executors"]
    assert executors["Trainer_executor"]["container"]["resources"]["accelerator"] == {
        "type": "NVIDIA_TESLA_T4",
        "count": "1",
    }


def test_the_pipeline_is_the_same_as_on_kubeflow(job):
    """But for what the target says, the caches, and the hook."""
    from pipeline.runners.kubeflow.compiling import compile_for_kubeflow

    theirs = compile_for_kubeflow(_deployment()).spec
    ours = copy.deepcopy(job["pipelineSpec"])
    ours["root"]["dag"]["tasks"]["ImportExampleGen"]["cachingOptions"] = {}
    del ours["deploymentSpec"]["executors"]["ImportExampleGen_executor"]["container"]["lifecycle"]
    assert ours == theirs


@pytest.mark.parametrize(
    ("change", "rule", "where"),
    [
        (lambda job: job.pop("pipelineSpec"), "document", "file"),
        (lambda job: job.update(platform={}), "schema", "job"),
        (lambda job: job["pipelineSpec"].update(schemaVersion="3"), "schema-version", "schemaVersion"),
        (
            lambda job: (
                job["runtimeConfig"].pop("gcsOutputDirectory"),
                job["pipelineSpec"].pop("defaultPipelineRoot"),
            ),
            "pipeline-root",
            "runtimeConfig.gcsOutputDirectory",
        ),
        (
            lambda job: job["pipelineSpec"].update(defaultPipelineRoot="s3://b"),
            "pipeline-root",
            "defaultPipelineRoot",
        ),
        (
            lambda job: job["pipelineSpec"]["root"]["dag"]["tasks"]["LatestBlessed"].update(
                cachingOptions={"enableCache": True}
            ),
            "cache",
            "root.dag.tasks.LatestBlessed.cachingOptions",
        ),
    ],
)
def test_what_is_broken_is_found(job, change, rule, where):
    broken = copy.deepcopy(job)
    change(broken)
    assert (rule, where) in {(one.rule, one.where) for one in lint_documents([broken], for_vertex=True)}


def test_a_platform_document_is_none_of_vertex(job):
    found = lint_documents([job, {"platforms": {"kubernetes": {}}}], for_vertex=True)
    assert [one.text for one in found] == ["Vertex knows no platform document."]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"records": "records"}, "--records: The nodes can open gs://BUCKET/…, and not 'records'"),
        ({"push_to": "/data/models"}, "--push-to: The nodes can open gs://"),
        ({"pipeline_root": "minio://b/m"}, "--pipeline-root: The server keeps artifacts at gs://BUCKET/…"),
        ({"target": load_target("default")}, "Target: expected nothing of timeout_s for"),
    ],
)
def test_what_vertex_cannot_do_is_told(changes, told):
    with pytest.raises(ConfigError) as error:
        compile_for_vertex(_deployment(**changes))
    assert told in str(error.value)
