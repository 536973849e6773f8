"""The same training under several seeds: how far its results depend on chance."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from components.atomic_file import write_text
from pipeline.config import PipelineConfig
from pipeline.local_run import local_session
from pipeline.run_options import RunOptions
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.run_report import RunReport, TrainingReport

REPEATS_FILE = "repeats.json"
"""In the first run's folder of reports."""

METRICS = (
    *("threshold", "auc", "accuracy"),
    *("precision_real", "precision_fake", "recall_real", "recall_fake"),
)


@dataclasses.dataclass(frozen=True)
class RepeatsReport:
    """What several seeds came to.

    Attributes:
        report: the whole run, under the first seed.
        seeds: in order.
        trainings: one a seed.
    """

    report: RunReport
    seeds: list[int]
    trainings: list[TrainingReport]

    def rows(self) -> list[dict[str, Any]]:
        """A row a stage and split: mean and sample standard deviation of each metric over the seeds.

        A metric that is undefined for one of them, such as the AUC of a split of one class, has neither: None.
        """
        rows, sample_deviation = [], functools.partial(np.std, ddof=1)
        for stages in zip(*(training.phases for training in self.trainings), strict=True):
            for split in zip(*(_by_split(stage) for stage in stages), strict=True):
                row = {key: split[0][key] for key in ("stage", "split", "support")}
                values = {metric: [one[metric] for one in split] for metric in METRICS}
                row["mean"] = {metric: _over(np.mean, of) for metric, of in values.items()}
                row["std"] = {metric: _over(sample_deviation, of) for metric, of in values.items()}
                rows.append(row)
        return rows

    def as_dict(self) -> dict[str, Any]:
        """The first run's report, and under `repeats` all seeds, ready for JSON."""
        runs = [
            {"seed": seed, "run": one.run, "phases": one.phases, "training_logs": one.logs_as_dict()}
            for seed, one in zip(self.seeds, self.trainings, strict=True)
        ]
        return self.report.as_dict() | {
            "repeats": {"seeds": self.seeds, "rows": self.rows(), "runs": runs},
        }


def run_repeats(
    config: PipelineConfig,
    source: Path,
    workspace: Workspace,
    count: int,
    warm_start: Path | None = None,
    leave_out: str | None = None,
) -> RepeatsReport:
    """Runs the pipeline once, then trains alone under further seeds; the data stays as it was split.

    Args:
        config: what to do, without phases; its seed is the first, and the next ones follow it.
        source: a source folder, or imported records.
        workspace: takes all that is written.
        count: number of seeds, at least 2.
        warm_start: the model to start from; see `pipeline.run_options.RunOptions`.
        leave_out: see `pipeline.local_run.run_and_report`.

    Raises:
        BadInputError, ConfigError, DataAnomalyError, WeightsError: the user's input was wrong.
        RunError: a node failed.
    """
    first = config.training.seed
    seeds = list(range(first, first + count))
    with local_session(workspace) as session:
        records = session.records(source, config.data, leave_out, config.beam)
        report = session.run(config, records, RunOptions(warm_start=warm_start))
        from pipeline.run_report import check_still_pushed, read_training

        check_still_pushed(report)
        trainings = [report.training]
        for number, seed in enumerate(seeds[1:], start=2):
            session.tell(f"\nseed {seed} ({number} of {count}): training alone")
            training = config.training.model_copy(update={"seed": seed})
            session.run_nodes(
                config.model_copy(update={"training": training}),
                records,
                RunOptions(warm_start=warm_start, until_trained=True),
            )
            trainings.append(read_training(workspace))
        repeats = RepeatsReport(report, seeds, trainings)
        write_text(report.folder(workspace) / REPEATS_FILE, json.dumps(repeats.as_dict(), indent=2) + "\n")
        return repeats


def _over(statistic: Callable[[list[float]], float], values: list[float | None]) -> float | None:
    return None if None in values else float(statistic(values))


def _by_split(phase: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of one stage under one seed, a split each."""
    named = {"stage": phase["stage"]["name"], "threshold": phase["calibration"]["threshold"]}
    return [named | metrics for metrics in phase["metrics"]]
