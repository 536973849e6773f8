"""What the page tells of an evaluation of a pushed model."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from components.evaluator.results import SliceMetrics
from components.report.facts import Lineage, NodeRun, ReportFacts
from components.report.worst_errors import worst_errors
from data.card import is_imported, read_cards
from data.content_hash import content_hash
from pipeline.pushed_model import PushedModel


def evaluation_facts(
    model: PushedModel,
    records: Path,
    files: Sequence[Path],
    split: str,
    slices: Sequence[SliceMetrics],
    scores: pa.Table,
    nodes: Sequence[NodeRun],
) -> ReportFacts:
    """Gathers the facts of a report without a training and without a verdict.

    Args:
        model: that was evaluated.
        records: folder of the records.
        files: those of them that were scored.
        split: what was scored, as in the column `split` of the scores.
        slices: metrics, the whole first.
        scores: see `components.scoring.table`.
        nodes: the steps, as they ran.
    """
    imported = is_imported(records)
    return ReportFacts(
        title=f"model {model.version or model.folder} on {records}",
        blessed=None,
        reasons=(),
        pushed_to=str(model.folder) if model.version else None,
        model_name=model.name,
        model_version=str(model.version) if model.version else None,
        calibration=model.calibration,
        objective=model.objective,
        slices=tuple(slices),
        scores=scores,
        phases=(),
        cards=tuple(dataclasses.asdict(card) for card in read_cards(records)) if imported else (),
        worst=worst_errors(model.folder, files, scores, split, model.calibration),
        lineage=Lineage(
            nodes=tuple(nodes),
            cores=len(os.sched_getaffinity(0)),
            records=str(records),
            configuration=model.facts["settings"],
            versions={
                "model": str(model.version or model.folder),
                "code of the training": model.facts["source_hash"],
                **{
                    f"{library} of the training": version
                    for library, version in model.facts["versions"].items()
                },
                **({"data": content_hash(records)} if imported else {}),
            },
        ),
        split=split,
    )
