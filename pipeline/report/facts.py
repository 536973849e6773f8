"""All that the report of a run tells, looked up in ML Metadata and gathered from what the nodes put out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from components.report import gathering
from components.report.facts import ReportFacts
from components.report.gathering import RunFolders, model_facts
from data.card import read_cards
from pipeline.errors import RunError
from pipeline.history.runs import Run, find_run, read_runs
from pipeline.metadata import open_metadata
from pipeline.report.lineage import lineage_of, records_are_the_same
from pipeline.run_report import RunReport
from pipeline.workspace import Workspace


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
    facts = model_facts(model)
    return gathering.gather(
        title=f"run {run.name}",
        result=report.result,
        folders=RunFolders(
            model=model,
            examples=_folder(run, "ImportExampleGen", "examples"),
            scores=_folder(run, "Scoring", "scores"),
            model_run=report.training.logs,
        ),
        facts=facts,
        cards=_cards(run),
        lineage=lineage_of(run, facts),
    )


def _model_folder(report: RunReport) -> Path:
    """The model as it was trained or, where that was cleared away, as it was pushed."""
    for folder in (report.model, report.pushed_to):
        if folder and folder.is_dir():
            return folder
    raise RunError(
        f"Run {report.training.run} has no report: expected its model at '{report.model}', which is no longer there."
    )


def _folder(run: Run, node: str, output: str) -> Path | None:
    """Where a node left its output, if it did; an older run has not all of them."""
    artifact = run.output(node, output)
    return Path(artifact.uri) if artifact else None


def _cards(run: Run) -> tuple[dict[str, Any], ...]:
    if not records_are_the_same(run):
        return ()
    return tuple(dataclasses.asdict(card) for card in read_cards(run.records))
