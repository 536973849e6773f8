"""What a run came to: read back from ML Metadata and the artifacts, kept as JSON."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.utils import path_utils

from components.atomic_file import write_text
from components.evaluator.results import SliceMetrics, read_failures, read_metrics
from components.trainer.run import HISTORY_FILE, PHASE_TABLE_FILE, PLOT_FILE, TENSORBOARD_FOLDER
from pipeline.errors import RunError
from pipeline.metadata import latest_run, open_metadata, pushed_destination, run_outputs
from pipeline.workspace import Workspace

METRICS_FILE = "metrics.json"
"""In the run's folder of reports: the whole `RunReport`."""


@dataclasses.dataclass(frozen=True)
class TrainingReport:
    """What a training came to.

    Attributes:
        run: id of its run: the moment it began.
        phases: the phase table, a row a stage, as the trainer wrote it.
        logs: the folder with the history of its epochs, as a table, as a picture, and for TensorBoard.
    """

    run: str
    phases: list[dict[str, Any]]
    logs: Path

    @property
    def plot(self) -> Path:
        """Loss, AUC and learning rate over the epochs, the stages marked."""
        return self.logs / PLOT_FILE

    @property
    def tensorboard(self) -> Path:
        """The folder to start TensorBoard on."""
        return self.logs / TENSORBOARD_FOLDER

    def logs_as_dict(self) -> dict[str, str]:
        """Where to look on, ready for JSON."""
        places = {
            "history": self.logs / HISTORY_FILE,
            "plot": self.plot,
            "tensorboard": self.tensorboard,
        }
        return {name: str(path) for name, path in places.items()}


@dataclasses.dataclass(frozen=True)
class RunReport:
    """What a run came to.

    Attributes:
        training: how the model was trained.
        records: the folder of records it read.
        slices: metrics on the test split; the first is the whole split.
        blessed: whether the model reached its bounds.
        reasons: why it did not; empty when it did.
        model: the SavedModel that was trained.
        pushed_to: the version directory it was pushed to; None when it was not.
    """

    training: TrainingReport
    records: Path
    slices: list[SliceMetrics]
    blessed: bool
    reasons: list[str]
    model: Path
    pushed_to: Path | None

    @property
    def phases(self) -> list[dict[str, Any]]:
        """The phase table, a row a stage."""
        return self.training.phases

    def folder(self, workspace: Workspace) -> Path:
        """Where all that is told of this run is kept."""
        return workspace.reports / self.training.run.replace(":", "-")

    def metrics_file(self, workspace: Workspace) -> Path:
        """Where this report is kept."""
        return self.folder(workspace) / METRICS_FILE

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "run": self.training.run,
            "records": str(self.records),
            "blessed": self.blessed,
            "reasons": self.reasons,
            "model": str(self.model),
            "pushed_to": str(self.pushed_to) if self.pushed_to else None,
            "phases": self.phases,
            "slices": [one.as_dict() for one in self.slices],
            "training_logs": self.training.logs_as_dict(),
        }


def read_report(workspace: Workspace, records: Path) -> RunReport:
    """Reads what the latest run of a workspace came to, whether nodes ran or came from cache.

    Args:
        workspace: of the run.
        records: what the run read.
    """
    run, artifacts = _latest_outputs(workspace)
    evaluation = Path(artifacts["ModelEvaluation"].uri)
    return RunReport(
        training=_training(run, artifacts),
        records=records,
        slices=read_metrics(evaluation),
        blessed=artifacts["ModelBlessing"].custom_properties["blessed"].int_value == 1,
        reasons=read_failures(evaluation),
        model=Path(path_utils.serving_model_path(artifacts["Model"].uri)),
        pushed_to=pushed_destination(artifacts["PushedModel"]),
    )


def read_training(workspace: Workspace) -> TrainingReport:
    """Reads how the latest run of a workspace trained, whether it went on from there or not."""
    return _training(*_latest_outputs(workspace))


def check_still_pushed(report: RunReport) -> None:
    """Checks that a model that came from cache is still where it was pushed to.

    Raises:
        RunError: it is not.
    """
    if report.pushed_to and not report.pushed_to.is_dir():
        raise RunError(
            f"The model came from cache and was pushed before to {report.pushed_to}, which is no longer there. To "
            f"serve it again: mkdir -p {report.pushed_to.parent} && cp -r {report.model} {report.pushed_to}"
        )


def write_report(report: RunReport, workspace: Workspace) -> Path:
    """Writes `METRICS_FILE` into the run's folder and returns its path."""
    path = report.metrics_file(workspace)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(report.as_dict(), indent=2) + "\n")
    return path


def _training(run: str, artifacts: dict[str, metadata_store_pb2.Artifact]) -> TrainingReport:
    logs = Path(artifacts["ModelRun"].uri)
    return TrainingReport(run, json.loads((logs / PHASE_TABLE_FILE).read_text()), logs)


def _latest_outputs(workspace: Workspace) -> tuple[str, dict[str, metadata_store_pb2.Artifact]]:
    """Id and outputs, by type, of the latest run."""
    store = open_metadata(workspace)
    run = latest_run(store)
    return run.name, {artifact.type: artifact for artifact in run_outputs(store, run.id)}
