"""Specs of nodes that are a few lines of Python, without TFX."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.runners.executing.compiled import CompiledSpec, read_spec

TYPE = "title: tfx.Model\ntype: object\n"

# Writes the artifact `made` where it is told to, as our entrypoint does with the mirror; `note` goes in the metadata.
_WRITES = """
import json, os, pathlib, sys
told = json.loads(sys.argv[1])
root = os.environ.get("INSPECTOR_MIRROR_ROOT", "")
def place(uri):
    return pathlib.Path(uri.replace("minio://", root + "/minio/"))
made = told["outputs"]["artifacts"]["made"]["artifacts"][0]
texts = [place(one["artifacts"][0]["uri"]).joinpath("text").read_text()
         for _, one in sorted(told["inputs"].get("artifacts", {}).items())]
place(made["uri"]).joinpath("empty").mkdir(parents=True)
place(made["uri"]).joinpath("text").write_text("+".join([*texts, NAME]))
output = {"artifacts": {"made": {"artifacts": [{"uri": made["uri"], "metadata": {"told": told, "fine": True}}]}}}
pathlib.Path(told["outputs"]["outputFile"]).write_text(json.dumps(output))
"""


def writing(name: str) -> list[str]:
    """The command of a node that joins the texts of its inputs and its name."""
    return ["python", "-c", f"NAME = {name!r}\n{_WRITES}", "{{$}}"]


class SpecMaker:
    """Builds a spec, task by task."""

    def __init__(self, folder: Path):
        """Writes into `folder`."""
        self._folder = folder
        self.spec: dict[str, Any] = {
            "pipelineInfo": {"name": "small"},
            "schemaVersion": "2.1.0",
            "components": {},
            "deploymentSpec": {"executors": {}},
            "root": {"dag": {"tasks": {}}, "inputDefinitions": {"parameters": {}}},
        }

    @property
    def tasks(self) -> dict[str, Any]:
        """By name."""
        return self.spec["root"]["dag"]["tasks"]

    def parameter(self, name: str, kind: str, **declared: Any) -> None:
        """Declares a parameter of the pipeline."""
        self.spec["root"]["inputDefinitions"]["parameters"][name] = {"parameterType": kind} | declared

    def task(
        self,
        name: str,
        command: list[str] | None = None,
        inputs: tuple[str, ...] = (),
        parameters: dict[str, Any] | None = None,
        **executor: Any,
    ) -> dict[str, Any]:
        """Adds a task that makes an artifact `made`; returns it.

        Args:
            name: its name.
            command: of its container; `writing(name)` by default.
            inputs: tasks whose artifact it takes, each under the name of that task.
            parameters: how each is wired.
            executor: what else is said of its container, or another kind of executor.
        """
        container = {"image": "example/image:1", "command": command or writing(name)}
        self.spec["components"][name] = {
            "executorLabel": f"{name}_executor",
            "outputDefinitions": {"artifacts": {"made": {"artifactType": {"instanceSchema": TYPE}}}},
        }
        kinds = ("importer", "resolver")
        other = {key: value for key, value in executor.items() if key in kinds}
        self.spec["deploymentSpec"]["executors"][f"{name}_executor"] = other or {
            "container": container | executor
        }
        self.tasks[name] = {
            "taskInfo": {"name": name},
            "componentRef": {"name": name},
            "inputs": {
                "artifacts": {
                    one: {"taskOutputArtifact": {"producerTask": one, "outputArtifactKey": "made"}}
                    for one in inputs
                },
                "parameters": parameters or {},
            },
        }
        return self.tasks[name]

    def write(self, name: str = "spec.yaml", *more: dict[str, Any]) -> Path:
        """Writes the spec, as YAML with further documents, or as a PipelineJob where `name` ends with .json."""
        path = self._folder / name
        if name.endswith(".json"):
            path.write_text(json.dumps({"pipelineSpec": self.spec} | (more[0] if more else {})))
        else:
            path.write_text(yaml.safe_dump_all([self.spec, *more]))
        return path

    def compiled(self) -> CompiledSpec:
        """As it is read again."""
        return read_spec(self.write())


@pytest.fixture
def maker(tmp_path) -> SpecMaker:
    """An empty spec."""
    return SpecMaker(tmp_path)


@pytest.fixture(name="writing")
def make_command() -> Callable[[str], list[str]]:
    """``writing(name)``: see the function."""
    return writing
