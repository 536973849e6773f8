"""Evaluates a pushed model on any source, without training: from `--data` to the report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from components.atomic_file import write_text
from components.report.file_names import METRICS_FILE, PAGE_FILE
from components.settings import AttackSettings, EvaluatorSettings
from data.errors import BadInputError
from data.example import SPLITS
from pipeline.config import DataSettings
from pipeline.errors import RunError
from pipeline.evaluation.evaluation_report import ALL, EvaluationReport, in_words
from pipeline.evaluation.novelty import check_new
from pipeline.local_run import LocalSession, local_session
from pipeline.pushed_model import PushedModel
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    # What it imports would load TensorFlow.
    from components.evaluator.results import SliceMetrics
    from components.report.facts import NodeRun
    from components.scoring.robustness import RobustnessRow

EVALUATION_FOLDER = "evaluation"
"""In the folder of the evaluation: what TFMA wrote; beside the scores, the page and the whole `EvaluationReport`."""

_Result = TypeVar("_Result")


def evaluate_model(
    model: PushedModel,
    source: Path,
    workspace: Workspace,
    split: str = ALL,
    robustness: bool = False,
    page: Path | None = None,
) -> EvaluationReport:
    """Imports if needed, scores and measures, shows progress on standard error, and keeps a report.

    Args:
        model: stays as it is.
        source: a source folder, or imported records.
        workspace: takes all that is written.
        split: `all`, or the name of one.
        robustness: whether perturbed and attacked copies are scored as well.
        page: where the page goes; None for the folder of the evaluation.

    Raises:
        BadInputError: the source cannot be imported, has no image in the split, or has images that the model has
            learned from.
        ConfigError: the page cannot be written where it is wanted.
        RunError: a step failed.
    """
    with local_session(workspace) as session:
        records = session.records(source, DataSettings(smallest_face=model.smallest_face))
        splits = SPLITS if split == ALL else (split,)
        known = check_new(model, records, splits, session)
        folder = workspace.reports / f"evaluation-{time.strftime('%Y-%m-%dT%H-%M-%S')}"
        folder.mkdir(parents=True)
        steps = _Steps(session)
        # The first to read the images, and says what is wrong with them.
        scores = steps.run("Scoring", lambda: _scored(model, records, splits, robustness, folder))
        slices = steps.run("Evaluator", lambda: _measured(model, records, split, folder))
        page = page or folder / PAGE_FILE
        nodes = tuple(steps.done)
        steps.run("Report", lambda: _write_page(page, model, records, splits, slices, scores, nodes))
        at_tau, attacks = slices[0].at_tau, _attacks(scores, model)
        report = EvaluationReport(
            model, records, splits, at_tau.real + at_tau.fake, known, slices, folder, page, attacks
        )
        write_text(folder / METRICS_FILE, json.dumps(report.as_dict(), indent=2) + "\n")
        return report


class _Steps:
    """Runs the steps of an evaluation, tells how long each took, and turns what goes wrong into one line."""

    def __init__(self, session: LocalSession):
        self._session = session
        self.done: list[NodeRun] = []

    def run(self, name: str, step: Callable[[], _Result]) -> _Result:
        from components.progress import watching
        from components.report.facts import NodeRun

        began = time.monotonic()
        try:
            status = self._session.console.status(name)
            with status, watching(lambda text: status.update(f"{name}: {text}")):
                result = step()
        except BadInputError:
            raise
        except Exception as error:
            raise RunError(f"{name} failed: {error}\nThe whole story is in {self._session.log}") from error
        seconds = time.monotonic() - began
        self.done.append(NodeRun(name, seconds, False))
        self._session.tell(f"{name}: done, {seconds:.1f} s")
        return result


def _files(records: Path, splits: tuple[str, ...]) -> list[Path]:
    from data.record_folder import record_files

    return [file for split in splits for file in record_files(records, split)]


def _measured(model: PushedModel, records: Path, split: str, folder: Path) -> list[SliceMetrics]:
    from components.evaluator.running import measure
    from data.record_folder import split_pattern
    from pipeline.beam import beam_args
    from pipeline.records import record_facts

    pattern = split_pattern(records).format(split="*" if split == ALL else split)
    return measure(
        model.folder,
        str(records / pattern),
        folder / EVALUATION_FOLDER,
        EvaluatorSettings(),
        record_facts(records).columns,
        beam_args(),
    )


def _scored(
    model: PushedModel, records: Path, splits: tuple[str, ...], robustness: bool, folder: Path
) -> pa.Table:
    from components.scoring.attacked import with_attacked
    from components.scoring.perturbations import PERTURBATIONS
    from components.scoring.scorer import score_images
    from components.scoring.table import write_scores

    # Several splits are one here: nothing was learned from any of them.
    name = in_words(splits)
    files = {name: _files(records, splits)}
    table = score_images(model.folder, files, PERTURBATIONS if robustness else (), perturbed_split=name)
    if robustness:
        table = with_attacked(table, model.folder, files[name], name, AttackSettings())
    write_scores(table, folder)
    return table


def _attacks(scores: pa.Table, model: PushedModel) -> tuple[RobustnessRow, ...]:
    from components.scoring.robustness import attack_table

    return tuple(attack_table(scores, model.calibration.threshold))


def _write_page(
    page: Path,
    model: PushedModel,
    records: Path,
    splits: tuple[str, ...],
    slices: list[SliceMetrics],
    scores: pa.Table,
    nodes: tuple[NodeRun, ...],
) -> None:
    from components.report.page import write_page
    from pipeline.evaluation.facts import evaluation_facts

    facts = evaluation_facts(model, records, _files(records, splits), in_words(splits), slices, scores, nodes)
    write_page(facts, page)
