"""What a run came to: read back from ML Metadata and the artifacts, kept as JSON."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from tfx.utils import path_utils

from components.atomic_file import write_text
from components.evaluator.blessing import read_blessing
from components.evaluator.results import SliceMetrics, read_metrics
from components.report.file_names import METRICS_FILE
from components.report.gathering import read_phases, read_table
from components.report.result import RunResult
from components.scoring.robustness import RobustnessRow, attack_table
from components.trainer.run import HISTORY_FILE, PLOT_FILE, TENSORBOARD_FOLDER
from pipeline.errors import RunError
from pipeline.history.runs import Outcome, Run, read_runs, report_folder
from pipeline.metadata import open_metadata, pushed_destination
from pipeline.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class TrainingReport:
    """What a training came to.

    Attributes:
        run: id of its run: the moment it began.
        phases: the phase table, a row a stage, as the trainer wrote it; None where a metric is undefined.
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
        reasons: a sentence a bound: those that it reached when blessed, else those that it missed.
        model: the SavedModel that was trained.
        pushed_to: the version directory it was pushed to; None when it was not.
        attacks: accuracy and the like of test images that were attacked; empty where none were.
        page: the report as a page; None while it is not written.
        model_card: likewise.
        page_problem: why they could not be written.
    """

    training: TrainingReport
    records: Path
    slices: list[SliceMetrics]
    blessed: bool
    reasons: list[str]
    model: Path
    pushed_to: Path | None
    attacks: tuple[RobustnessRow, ...] = ()
    page: Path | None = None
    model_card: Path | None = None
    page_problem: str | None = None

    @property
    def phases(self) -> list[dict[str, Any]]:
        """The phase table, a row a stage."""
        return self.training.phases

    @property
    def result(self) -> RunResult:
        """What it came to, in numbers."""
        return RunResult(
            blessed=self.blessed,
            reasons=tuple(self.reasons),
            pushed_to=str(self.pushed_to) if self.pushed_to else None,
            phases=tuple(self.phases),
            slices=tuple(self.slices),
            attacks=self.attacks,
        )

    @property
    def all_done(self) -> bool:
        """Whether the model was pushed and the report is written."""
        return self.pushed_to is not None and self.page_problem is None

    def folder(self, workspace: Workspace) -> Path:
        """Where all that is told of this run is kept."""
        return report_folder(workspace, self.training.run)

    def metrics_file(self, workspace: Workspace) -> Path:
        """Where this report is kept."""
        return self.folder(workspace) / METRICS_FILE

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "run": self.training.run,
            "records": str(self.records),
            "model": str(self.model),
            **self.result.as_dict(),
            "training_logs": self.training.logs_as_dict(),
            "page": str(self.page) if self.page else None,
            "model_card": str(self.model_card) if self.model_card else None,
            "page_problem": self.page_problem,
        }


def read_latest_report(workspace: Workspace) -> RunReport:
    """Reads what the latest run of a workspace came to."""
    return read_report(_latest(workspace))


def read_report(run: Run) -> RunReport:
    """Reads what a run came to, whether nodes ran or came from cache.

    Args:
        run: which is done.

    Raises:
        RunError: it did not get to its evaluation, an older version of this project made that, or what it put out is
            gone.
    """
    if run.outcome is not Outcome.DONE:
        raise RunError(f"Run {run.name} has no report: {_why_none(run)}.")
    evaluation = _kept(run, "Evaluator", "evaluation")
    try:
        slices = read_metrics(evaluation)
    except KeyError as error:
        raise RunError(
            f"Run {run.name} has no report: an older version of this project evaluated it, without {error}. Run the "
            "same command again, which evaluates its model anew."
        ) from error
    # After the metrics: of an older evaluation its bounds cannot be read either, and those tell why.
    blessing = read_blessing(evaluation)
    training = _training(run)
    return RunReport(
        training=training,
        records=run.records,
        slices=slices,
        blessed=blessing.blessed,
        reasons=list(blessing.reasons),
        model=Path(path_utils.serving_model_path(run.output("Trainer", "model").uri)),
        pushed_to=pushed_destination(run.output("Pusher", "pushed_model")),
        attacks=_attacks(run, training),
    )


def read_training(workspace: Workspace) -> TrainingReport:
    """Reads how the latest run of a workspace trained, whether it went on from there or not."""
    return _training(_latest(workspace))


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


def _training(run: Run) -> TrainingReport:
    logs = _kept(run, "Trainer", "model_run")
    return TrainingReport(run.name, read_phases(logs), logs)


def _attacks(run: Run, training: TrainingReport) -> tuple[RobustnessRow, ...]:
    scores = run.output("Scoring", "scores")
    table = read_table(Path(scores.uri) if scores else None)
    # The model itself, which has this threshold, may have been cleared away.
    return tuple(attack_table(table, training.phases[-1]["calibration"]["threshold"]))


def _latest(workspace: Workspace) -> Run:
    [run] = read_runs(open_metadata(workspace), most=1)
    return run


def _kept(run: Run, node: str, output: str) -> Path:
    """The folder of what a node put out."""
    folder = Path(run.output(node, output).uri)
    if not folder.is_dir():
        raise RunError(f"Run {run.name} has no report: what {node} put out is no longer at '{folder}'.")
    return folder


def _why_none(run: Run) -> str:
    if run.outcome is Outcome.FAILED:
        return f"{run.failed_at} failed"
    if run.outcome is Outcome.TRAINED:
        return "it trained and evaluated nothing, as the further seeds of `run --repeat` do"
    return "it was stopped, or is still running"
