"""A small pipeline that kfp itself has compiled, and a stand-in for the server that it goes to."""

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from kubeflow_api import StandIn, kubeflow_api

from pipeline import cli

PLATFORM = {
    "platforms": {
        "kubernetes": {
            "deploymentSpec": {
                "executors": {"exec-learn": {"nodeSelector": {"labels": {"pool": "gpu"}}}},
            }
        }
    }
}


@pytest.fixture
def api() -> Iterator[StandIn]:
    with kubeflow_api() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two documents: `read` reads from outside, `learn` and, in a nested DAG, `look` take its artifact."""
    from kfp import compiler, dsl

    @dsl.container_component
    def read(span: int, out: dsl.Output[dsl.Artifact]):
        return dsl.ContainerSpec(image="registry/image:1", command=["read"], args=[span, out.path])

    @dsl.container_component
    def learn(
        rate: float,
        tags: list,
        fast: bool,
        note: str,
        data: dsl.Input[dsl.Artifact],
        model: dsl.Output[dsl.Artifact],
    ):
        return dsl.ContainerSpec(
            image="registry/image:1", command=["learn"], args=[rate, tags, fast, note, data.path, model.path]
        )

    @dsl.container_component
    def look(data: dsl.Input[dsl.Artifact]):
        return dsl.ContainerSpec(image="registry/image:1", command=["look"], args=[data.path])

    @dsl.pipeline
    def inner(data: dsl.Input[dsl.Artifact]):
        look(data=data)

    @dsl.pipeline(name="faces", pipeline_root="s3://bucket/root")
    def pipeline(span: int = 1, rate: float = 0.001, tags: list = ["a"], fast: bool = False, note: str = ""):  # noqa: B006
        images = read(span=span)
        learn(rate=rate, tags=tags, fast=fast, note=note, data=images.outputs["out"])
        inner(data=images.outputs["out"])

    path = tmp_path_factory.mktemp("compiled") / "faces.yaml"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.Compiler().compile(pipeline, str(path))
    path.write_text(path.read_text() + "\n---\n" + yaml.safe_dump(PLATFORM))
    return path


@pytest.fixture
def inspector(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> Callable[..., tuple[int, str, str]]:
    """``inspector(*arguments)``: exit code, standard output and standard error of the command."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["deepfake-inspector", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return (int(caught.value.code or 0), *capfd.readouterr())

    return run
