"""The real pipeline, compiled once."""

import copy

import pytest

from pipeline.config import load_config
from pipeline.runners.kubeflow.compiling import Deployment, compile_for_kubeflow
from pipeline.runners.kubeflow.linting import lint_documents
from pipeline.runners.kubeflow.target import load_target
from pipeline.runners.kubeflow.writing import package_text


@pytest.fixture(scope="session")
def deployment():
    """``deployment(**changes)``: a deployment of the demo to Kubeflow."""

    def make(**changes):
        usual = {
            "config": load_config("demo", ["model.weights=none"]),
            "target": load_target("gpu"),
            "records": "/data/records",
            "push_to": "/data/models/detector",
            "pipeline_root": "minio://data/runs",
            "image": "example/inspector:1.0",
        }
        return Deployment(**usual | changes)

    return make


@pytest.fixture(scope="session")
def package(deployment):
    """The demo, from a model of another run, for a cluster with GPUs."""
    return compile_for_kubeflow(deployment(warm_start="minio://data/runs/model"))


@pytest.fixture
def tasks(package):
    """The tasks, by name."""
    return package.spec["root"]["dag"]["tasks"]


@pytest.fixture
def container(package):
    """``container("Trainer")``: what a node runs in."""

    def of(node):
        return package.spec["deploymentSpec"]["executors"][f"{node}_executor"]["container"]

    return of


@pytest.fixture
def findings(package):
    """``findings(change)``: what is said of the package when ``change(spec, platform)`` has been at it."""

    def after(change):
        spec, platform = copy.deepcopy(package.spec), copy.deepcopy(package.platform)
        change(spec, platform)
        return lint_documents([spec, platform], for_vertex=False)

    return after


@pytest.fixture
def text(package):
    """The package as a file holds it."""
    return package_text(package)
