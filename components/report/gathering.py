"""Gathers what the report of a run tells from the folders that its steps put out, on whichever runner they ran."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from components.calibration import Calibration
from components.report.facts import Lineage, ReportFacts
from components.report.result import RunResult
from components.report.worst_errors import worst_errors
from components.scoring.table import COLUMNS, SCORES_FILE, read_scores
from components.trainer.assets import EXTRA_FOLDER, FACTS_FILE
from components.trainer.run import PHASE_TABLE_FILE, PLOT_FILE
from data.example import SPLITS

_TEST = SPLITS[-1]


@dataclasses.dataclass(frozen=True)
class RunFolders:
    """Where the steps of a run left what its report is read from.

    Attributes:
        model: the SavedModel, with its `assets.extra`.
        examples: the `examples` of the run, a folder a split in it; None where they are gone.
        scores: the table of scores; None of a run without.
        model_run: the story of the training; None likewise.
    """

    model: Path
    examples: Path | None
    scores: Path | None
    model_run: Path | None


def model_facts(model: Path) -> dict[str, Any]:
    """What travels with an exported model about itself.

    Args:
        model: the SavedModel.
    """
    return json.loads((model / EXTRA_FOLDER / FACTS_FILE).read_text(encoding="utf-8"))


def read_phases(model_run: Path) -> list[dict[str, Any]]:
    """The phase table, a row a stage, as the Trainer wrote it; None where a metric is undefined."""
    # The AUC of a split of one class is written as NaN, which is no JSON.
    return json.loads((model_run / PHASE_TABLE_FILE).read_text(), parse_constant=lambda _: None)


def read_table(folder: Path | None) -> pa.Table:
    """The table of scores in a folder; empty where there is no folder, or none in it."""
    if folder and (folder / SCORES_FILE).is_file():
        return read_scores(folder)
    return pa.schema(list(COLUMNS.items())).empty_table()


def gather(
    title: str,
    result: RunResult,
    folders: RunFolders,
    facts: Mapping[str, Any],
    cards: Sequence[Mapping[str, Any]],
    lineage: Lineage,
) -> ReportFacts:
    """Everything the report of a run needs.

    Args:
        title: what the page is of, such as `run 2026-11-25T...`.
        result: what the run came to.
        folders: where the rest lies.
        facts: of the model, see `model_facts`.
        cards: the dataset cards, a span each.
        lineage: where the numbers come from.

    Returns:
        The facts; scores, worst errors and the plot of the training are empty where `folders` has none.
    """
    calibration, scores = Calibration.from_facts(facts), read_table(folders.scores)
    plot = folders.model_run / PLOT_FILE if folders.model_run else None
    return ReportFacts(
        title=title,
        blessed=result.blessed,
        reasons=result.reasons,
        pushed_to=result.pushed_to,
        model_name=facts["model_name"],
        model_version=result.version,
        calibration=calibration,
        objective=facts["settings"]["calibration"]["objective"],
        slices=result.slices,
        scores=scores,
        phases=result.phases,
        cards=tuple(dict(card) for card in cards),
        worst=worst_errors(folders.model, _test_files(folders.examples), scores, _TEST, calibration),
        lineage=lineage,
        history=plot.read_bytes() if plot and plot.is_file() else None,
        split=_TEST,
    )


def _test_files(examples: Path | None) -> list[Path]:
    """The test images as the Evaluator read them: records may have been imported anew since."""
    return sorted(examples.glob(f"Split-{_TEST}/*")) if examples else []
