"""Shared by the tests of the pipeline: processes of their own, and runs as TFX notes them."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tensorflow_metadata.proto.v0 import statistics_pb2

from pipeline import cli
from pipeline.metadata import open_metadata
from pipeline.workspace import Workspace

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def fresh_python() -> Callable[..., subprocess.CompletedProcess]:
    """``fresh_python(code, *arguments, **options)``: runs code in a process of its own, in the repository."""

    def run(code: str, *arguments: object, **options) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            **{"cwd": REPOSITORY, "capture_output": True, "text": True, "timeout": 120, "check": False}
            | options,
        )

    return run


@pytest.fixture
def inspector(monkeypatch, capfd):
    """``inspector(*arguments)``: exit code, standard output and standard error of the command."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["deepfake-inspector", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return (int(caught.value.code or 0), *capfd.readouterr())

    return run


def phase_table(auc: float = 0.9, recall_real: float = 0.8) -> list[dict]:
    """The phase table of a training of one stage."""
    return [
        {
            "calibration": {"threshold": 0.4},
            "metrics": [
                {"split": "val", "auc": 0.95, "accuracy": 0.9, "recall_real": 0.9},
                {"split": "test", "auc": auc, "accuracy": 0.7, "recall_real": recall_real},
            ],
        }
    ]


@dataclasses.dataclass
class MadeUpRuns:
    """Writes runs as TFX notes them, and what their nodes put out, into a workspace; nothing is run."""

    workspace: Workspace

    def __post_init__(self):
        self.store = open_metadata(self.workspace)

    def begin(self, name: str, config: str = "mini") -> int:
        """The id of a run without any step."""
        pipeline = self._context("pipeline", config)
        run = self._context("pipeline_run", name)
        self.store.put_parent_contexts([mlmd.ParentContext(parent_id=pipeline, child_id=run)])
        return run

    def step(
        self,
        run: int,
        node: str,
        state: int = mlmd.Execution.COMPLETE,
        config: str = "mini",
        cache: str = "",
        **details,
    ):
        """One step of a run.

        Of the details, `properties` are its parameters, `outputs` properties of artifacts by name, `files` what they
        hold, `folders` where those lie that lie elsewhere than the workspace has them.
        """
        kind = self.store.put_execution_type(mlmd.ExecutionType(name=node))
        execution = mlmd.Execution(type_id=kind, last_known_state=state)
        for name, value in details.get("properties", {}).items():
            execution.custom_properties[name].string_value = value
        events = [
            (self._artifact(node, name, properties, details, run), _output(name))
            for name, properties in details.get("outputs", {}).items()
        ]
        contexts = [
            self.store.get_contexts_by_id([run])[0],
            self.store.get_contexts_by_id([self._context("node", f"{config}.{node}")])[0],
        ]
        if cache:
            contexts.append(self.store.get_contexts_by_id([self._context("execution_cache", cache)])[0])
        self.store.put_execution(execution, events, contexts)

    def finished(
        self,
        name: str,
        data: str = "abc",
        blessed: bool = True,
        backbone: str = "efficientnet-b0",
        table: list[dict] | None = None,
        pushed_to: Path | None = None,
    ) -> int:
        """The id of a run that got to its end; `table` is its phase table."""
        run = self.begin(name)
        statistics = statistics_pb2.DatasetFeatureStatisticsList()
        statistics.datasets.add(num_examples=30)
        # Slices by span hold the same images once more.
        statistics.datasets.add(num_examples=10)
        pushed = {"pushed": int(pushed_to is not None), "pushed_destination": str(pushed_to or "")}
        self.step(
            run,
            "ImportExampleGen",
            properties={"input_base": "/records/faces"},
            outputs={"examples": {"input_fingerprint": data}},
        )
        self.step(
            run,
            "StatisticsGen",
            outputs={"statistics": {}},
            files={
                f"Split-{split}/FeatureStats.pb": statistics.SerializeToString() for split in ("val", "test")
            },
        )
        settings = {"settings": {"model": {"backbone": backbone}, "training": {"seed": 42}}}
        self.step(
            run,
            "Trainer",
            properties={"custom_config": json.dumps(settings)},
            outputs={"model_run": {}},
            files={"phase_table.json": json.dumps(table or phase_table()).encode()},
        )
        self.step(run, "Evaluator", outputs={"blessing": {"blessed": int(blessed)}, "evaluation": {}})
        self.step(run, "Pusher", outputs={"pushed_model": pushed})
        return run

    def metrics(self, name: str, slices: dict[str, dict]) -> None:
        """Keeps the metrics by slice of a run where `run` keeps them."""
        folder = self.workspace.reports / name.replace(":", "-")
        folder.mkdir(parents=True)
        content = {
            "slices": [
                {"name": one, "auc": measures.get("auc"), "at_tau": measures}
                for one, measures in slices.items()
            ]
        }
        (folder / "metrics.json").write_text(json.dumps(content))

    def _context(self, kind: str, name: str) -> int:
        type_id = self.store.put_context_type(mlmd.ContextType(name=kind))
        found = self.store.get_context_by_type_and_name(kind, name)
        return found.id if found else self.store.put_contexts([mlmd.Context(type_id=type_id, name=name)])[0]

    def _artifact(self, node: str, name: str, properties: dict, details: dict, run: int):
        kind = self.store.put_artifact_type(mlmd.ArtifactType(name=name))
        folder = details.get("folders", {}).get(name) or self.workspace.artifacts / node / name / str(run)
        for file, content in details.get("files", {}).items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        artifact = mlmd.Artifact(type_id=kind, uri=str(folder))
        for key, value in properties.items():
            if isinstance(value, int):
                artifact.custom_properties[key].int_value = value
            else:
                artifact.custom_properties[key].string_value = value
        return artifact


def _output(name: str) -> mlmd.Event:
    return mlmd.Event(type=mlmd.Event.OUTPUT, path=mlmd.Event.Path(steps=[mlmd.Event.Path.Step(key=name)]))


@pytest.fixture
def made_up(tmp_path) -> MadeUpRuns:
    """A workspace to write runs into."""
    return MadeUpRuns(Workspace.create(tmp_path / "workspace"))


@pytest.fixture(name="phase_table")
def make_phase_table():
    """``phase_table(auc=0.9, recall_real=0.8)``: that of a training of one stage."""
    return phase_table
