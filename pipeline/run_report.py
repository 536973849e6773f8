"""What a run came to: read back from ML Metadata and the artifacts, kept as JSON."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.utils import path_utils

from components.evaluation_results import SliceMetrics, read_failures, read_metrics
from components.trainer.run import PHASE_TABLE_FILE
from pipeline.errors import RunError
from pipeline.metadata import open_metadata
from pipeline.workspace import Workspace

METRICS_FILE = "metrics.json"
"""In the run's folder of reports: the whole `RunReport`."""


@dataclasses.dataclass(frozen=True)
class RunReport:
    """What a run came to.

    Attributes:
        run: its id: the moment it began.
        records: the folder of records it read.
        phases: the phase table, a row a stage, as the trainer wrote it.
        slices: metrics on the test split; the first is the whole split.
        blessed: whether the model reached its bounds.
        reasons: why it did not; empty when it did.
        model: the SavedModel that was trained.
        pushed_to: the version directory it was pushed to; None when it was not.
    """

    run: str
    records: Path
    phases: list[dict[str, Any]]
    slices: list[SliceMetrics]
    blessed: bool
    reasons: list[str]
    model: Path
    pushed_to: Path | None

    def metrics_file(self, workspace: Workspace) -> Path:
        """Where this report is kept."""
        return workspace.reports / self.run.replace(":", "-") / METRICS_FILE

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "run": self.run,
            "records": str(self.records),
            "blessed": self.blessed,
            "reasons": self.reasons,
            "model": str(self.model),
            "pushed_to": str(self.pushed_to) if self.pushed_to else None,
            "phases": self.phases,
            "slices": [one.as_dict() for one in self.slices],
        }


def read_report(workspace: Workspace, records: Path) -> RunReport:
    """Reads what the latest run of a workspace came to, whether nodes ran or came from cache.

    Args:
        workspace: of the run.
        records: what the run read.

    Raises:
        RunError: when the model was pushed by an earlier run and is no longer there.
    """
    run, artifacts = _latest_outputs(workspace)
    evaluation = Path(artifacts["ModelEvaluation"].uri)
    pushed = artifacts["PushedModel"]
    report = RunReport(
        run=run,
        records=records,
        phases=json.loads((Path(artifacts["ModelRun"].uri) / PHASE_TABLE_FILE).read_text()),
        slices=read_metrics(evaluation),
        blessed=artifacts["ModelBlessing"].custom_properties["blessed"].int_value == 1,
        reasons=read_failures(evaluation),
        model=Path(path_utils.serving_model_path(artifacts["Model"].uri)),
        pushed_to=_pushed_to(pushed),
    )
    if report.pushed_to and not report.pushed_to.is_dir():
        raise RunError(
            f"The model came from cache and was pushed before to {report.pushed_to}, which is no longer there. To "
            f"serve it again: mkdir -p {report.pushed_to.parent} && cp -r {pushed.uri} {report.pushed_to}"
        )
    return report


def write_report(report: RunReport, workspace: Workspace) -> Path:
    """Writes `METRICS_FILE` into the run's folder and returns its path."""
    path = report.metrics_file(workspace)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(report.as_dict(), indent=2) + "\n")
    partial.replace(path)
    return path


def _latest_outputs(workspace: Workspace) -> tuple[str, dict[str, metadata_store_pb2.Artifact]]:
    """Id and outputs, by type, of the latest run."""
    store = open_metadata(workspace)
    run = max(store.get_contexts_by_type("pipeline_run"), key=lambda context: context.id)
    executions = [execution.id for execution in store.get_executions_by_context(run.id)]
    outputs = [
        event.artifact_id
        for event in store.get_events_by_execution_ids(executions)
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    return run.name, {artifact.type: artifact for artifact in store.get_artifacts_by_id(outputs)}


def _pushed_to(artifact: metadata_store_pb2.Artifact) -> Path | None:
    properties = artifact.custom_properties
    if properties["pushed"].int_value != 1:
        return None
    return Path(properties["pushed_destination"].string_value)
