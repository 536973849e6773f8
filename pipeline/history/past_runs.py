"""The past runs of a workspace and what they came to, from ML Metadata; needs neither TFX nor TensorFlow."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import statistics_pb2

from pipeline.errors import ConfigError
from pipeline.history.notes import configuration_of
from pipeline.history.runs import Outcome, Run, read_runs
from pipeline.metadata import open_metadata, pushed_destination
from pipeline.workspace import Workspace
from serving.versions.base_path import find_versions

BETTER = {"auc_validation": max, "auc": max, "accuracy": max, "false_positive_rate": min}
"""What is compared, and which end of it is good."""

# A name that `components.trainer.run` has, whose import takes seconds.
_PHASE_TABLE_FILE = "phase_table.json"


@dataclasses.dataclass(frozen=True)
class PastRun:
    """One run in short; None is what it never came to, or what is gone.

    Attributes:
        name: of the run: the moment it began, in local time.
        config: name of the configuration.
        outcome: how it ended.
        failed_at: the node that failed.
        seconds: from its first step to its last.
        records: the folder of records it read.
        data: the same for two runs that read the very same files.
        images: how many it read.
        backbone: of the network.
        threshold: tau, in [0, 1].
        auc_validation: on the validation split, in [0, 1].
        auc, accuracy, false_positive_rate: on the test split; the latter two at tau.
        blessed: whether the model reached its bounds.
        pushed_to: the version directory.
        version_is: `served` when it is the newest of its model, `there`, or `gone`.
        best: those of `BETTER` in which none of the listed runs on the same data did better, and one did worse.
    """

    name: str
    config: str
    outcome: Outcome
    failed_at: str | None = None
    seconds: float | None = None
    records: Path | None = None
    data: str | None = None
    images: int | None = None
    backbone: str | None = None
    threshold: float | None = None
    auc_validation: float | None = None
    auc: float | None = None
    accuracy: float | None = None
    false_positive_rate: float | None = None
    blessed: bool | None = None
    pushed_to: Path | None = None
    version_is: str | None = None
    best: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return dataclasses.asdict(self) | {
            "outcome": self.outcome.value,
            "records": str(self.records) if self.records else None,
            "pushed_to": str(self.pushed_to) if self.pushed_to else None,
            "best": list(self.best),
        }


def runs_of(workspace: Workspace, most: int | None = None) -> list[Run]:
    """The runs of a workspace, the newest first.

    Args:
        workspace: need not be writable.
        most: how many of the newest; None for all.

    Raises:
        ConfigError: there is no run, or see `pipeline.metadata.open_metadata`.
    """
    runs = read_runs(open_metadata(workspace), most) if workspace.metadata.is_file() else []
    if not runs:
        raise ConfigError(
            f"--workspace: expected a folder in which `run` has run, received '{workspace.root}', which holds no run."
        )
    return runs


def past_runs(runs: Sequence[Run]) -> list[PastRun]:
    """What runs came to, in their order, the best of those on the same data marked."""
    return _with_best([_past_run(run) for run in runs])


def _past_run(run: Run) -> PastRun:
    pushed = run.output("Pusher", "pushed_model")
    pushed_to = pushed_destination(pushed) if pushed else None
    blessing = run.output("Evaluator", "blessing")
    examples = run.output("ImportExampleGen", "examples")
    return PastRun(
        name=run.name,
        config=run.config_name,
        outcome=run.outcome,
        failed_at=run.failed_at,
        seconds=run.seconds,
        records=run.records,
        data=examples.custom_properties["input_fingerprint"].string_value if examples else None,
        images=_images(run),
        backbone=_backbone(run),
        **_metrics(run),
        blessed=blessing.custom_properties["blessed"].int_value == 1 if blessing else None,
        pushed_to=pushed_to,
        version_is=_version_is(pushed_to) if pushed_to else None,
    )


def _images(run: Run) -> int | None:
    """As the run counted them; the records may hold others by now."""
    artifact = run.output("StatisticsGen", "statistics")
    files = sorted(Path(artifact.uri).glob("Split-*/FeatureStats.pb")) if artifact else []
    if not files:
        return None
    counted = (statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes()) for file in files)
    # Slices by span, if any, hold some of the images once more.
    return sum(max(dataset.num_examples for dataset in split.datasets) for split in counted)


def _backbone(run: Run) -> str | None:
    return configuration_of(run).get("model", {}).get("backbone")


def _metrics(run: Run) -> dict[str, float | None]:
    """Those after the last stage: the Evaluator measures the same model on the same test split once more."""
    artifact = run.output("Trainer", "model_run")
    file = Path(artifact.uri) / _PHASE_TABLE_FILE if artifact else None
    if file is None or not file.is_file():
        return {}
    last = json.loads(file.read_text())[-1]
    split = {metrics["split"]: metrics for metrics in last["metrics"]}
    return {
        "threshold": last["calibration"]["threshold"],
        "auc_validation": _number(split["val"]["auc"]),
        "auc": _number(split["test"]["auc"]),
        "accuracy": _number(split["test"]["accuracy"]),
        "false_positive_rate": _number(1 - split["test"]["recall_real"]),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _version_is(pushed_to: Path) -> str:
    if not pushed_to.is_dir():
        return "gone"
    return "served" if pushed_to.name == str(max(find_versions(pushed_to.parent))) else "there"


def _with_best(runs: list[PastRun]) -> list[PastRun]:
    by_data: dict[str | None, list[PastRun]] = {}
    for run in runs:
        by_data.setdefault(run.data, []).append(run)
    best: dict[str, list[str]] = {run.name: [] for run in runs}
    for data, group in by_data.items():
        for measure, better in BETTER.items():
            values = {run.name: getattr(run, measure) for run in group}
            known = {name: value for name, value in values.items() if value is not None}
            # What was measured on other images is no competitor.
            if data is not None and len(set(known.values())) > 1:
                for name in (name for name in known if known[name] == better(known.values())):
                    best[name].append(measure)
    return [dataclasses.replace(run, best=tuple(best[run.name])) for run in runs]
