"""All that the report of a run tells, gathered from ML Metadata and from what the nodes put out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from components.calibration import Calibration
from components.report.facts import ReportFacts
from components.report.worst_errors import worst_errors
from components.scoring.table import COLUMNS, read_scores
from components.trainer.assets import EXTRA_FOLDER, FACTS_FILE
from data.card import read_cards
from data.example import SPLITS
from pipeline.errors import RunError
from pipeline.history.runs import Run, find_run, read_runs
from pipeline.metadata import open_metadata
from pipeline.report.lineage import lineage_of, records_are_the_same
from pipeline.run_report import RunReport
from pipeline.workspace import Workspace

_TEST = SPLITS[-1]


def gather(report: RunReport, workspace: Workspace) -> ReportFacts:
    """Everything a report needs.

    Args:
        report: what the run came to.
        workspace: of the run.

    Returns:
        The facts; the table of scores, the worst errors and the dataset cards are empty where a run from before they
        were kept has none, or where the records are no longer what the run read.

    Raises:
        RunError: the model is gone.
    """
    run = find_run(read_runs(open_metadata(workspace)), report.training.run)
    model = _model_folder(report)
    facts = json.loads((model / EXTRA_FOLDER / FACTS_FILE).read_text(encoding="utf-8"))
    calibration, scores = Calibration.from_facts(facts), _scores(run)
    return ReportFacts(
        title=f"run {run.name}",
        blessed=report.blessed,
        reasons=tuple(report.reasons),
        pushed_to=str(report.pushed_to) if report.pushed_to else None,
        model_name=facts["model_name"],
        model_version=report.pushed_to.name if report.pushed_to else None,
        calibration=calibration,
        objective=facts["settings"]["calibration"]["objective"],
        slices=tuple(report.slices),
        scores=scores,
        phases=tuple(report.phases),
        cards=_cards(run),
        worst=worst_errors(model, _test_files(run), scores, _TEST, calibration),
        lineage=lineage_of(run, facts),
        history=report.training.plot.read_bytes() if report.training.plot.is_file() else None,
        split=_TEST,
    )


def _model_folder(report: RunReport) -> Path:
    """The model as it was trained or, where that was cleared away, as it was pushed."""
    for folder in (report.model, report.pushed_to):
        if folder and folder.is_dir():
            return folder
    raise RunError(
        f"Run {report.training.run} has no report: expected its model at '{report.model}', which is no longer there."
    )


def _scores(run: Run) -> pa.Table:
    artifact = run.output("Scoring", "scores")
    if artifact and Path(artifact.uri).is_dir():
        return read_scores(Path(artifact.uri))
    return pa.schema(list(COLUMNS.items())).empty_table()


def _test_files(run: Run) -> list[Path]:
    """The test images as the Evaluator read them: records may have been imported anew since."""
    artifact = run.output("ImportExampleGen", "examples")
    return sorted(Path(artifact.uri).glob(f"Split-{_TEST}/*")) if artifact else []


def _cards(run: Run) -> tuple[dict[str, Any], ...]:
    if not records_are_the_same(run):
        return ()
    return tuple(dataclasses.asdict(card) for card in read_cards(run.records))
