"""Evaluates a pushed model on any source, without training: from `--data` to the report."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from components.atomic_file import write_text
from components.report.file_names import METRICS_FILE, PAGE_FILE
from components.settings import AttackSettings, EvaluatorSettings
from data.errors import BadInputError
from data.example import SPLITS
from pipeline.config import DataSettings
from pipeline.errors import RunError
from pipeline.local_run import LocalSession, local_session
from pipeline.pushed_model import PushedModel
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    # What it imports would load TensorFlow.
    from components.evaluator.results import SliceMetrics
    from components.report.facts import NodeRun
    from components.scoring.robustness import RobustnessRow

ALL = "all"
"""Instead of the name of a split: the images of every split."""

EVALUATION_FOLDER = "evaluation"
"""In the folder of the evaluation: what TFMA wrote; beside the scores, the page and the whole `EvaluationReport`."""

MAX_KNOWN_SHARE = 0.01
"""With more of the images learned from than that, metrics would tell of memory."""

_MOST_NAMED = 3
_Result = TypeVar("_Result")


@dataclasses.dataclass(frozen=True)
class EvaluationReport:
    """What an evaluation came to.

    Attributes:
        model: what was evaluated.
        records: folder of the records.
        splits: which of them were scored.
        images: how many images.
        known: how many of them the model has learned from; None where that cannot be told.
        slices: metrics; the first is the whole.
        folder: keeps scores, what TFMA wrote, and this.
        page: the report as a page.
        attacks: accuracy and the like of images that were attacked; empty where none were.
    """

    model: PushedModel
    records: Path
    splits: tuple[str, ...]
    images: int
    known: int | None
    slices: list[SliceMetrics]
    folder: Path
    page: Path
    attacks: tuple[RobustnessRow, ...] = ()

    @property
    def split(self) -> str:
        """What was scored, in words."""
        return _in_words(self.splits)

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "model": str(self.model.folder),
            "model_name": self.model.name,
            "model_version": self.model.version,
            "threshold": self.model.calibration.threshold,
            "records": str(self.records),
            "splits": list(self.splits),
            "images": self.images,
            "learned_from": self.known,
            "slices": [one.as_dict() for one in self.slices],
            "attacks": [dataclasses.asdict(one) for one in self.attacks],
            "folder": str(self.folder),
            "page": str(self.page),
        }


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
        known = _check_new(model, records, splits, session)
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


def _check_new(
    model: PushedModel, records: Path, splits: tuple[str, ...], session: LocalSession
) -> int | None:
    """How many images of the splits the model has learned from; refuses when they are many."""
    from pipeline.evaluation.learned_from import images_learned_from, images_of, training_records

    learned_from = training_records(model, session.workspace)
    if learned_from is None or not learned_from.is_dir():
        session.tell(
            "not known  what the model has learned from: nobody has checked that these images are new to it"
        )
        return None
    if learned_from.resolve() == records and set(splits) != {SPLITS[-1]}:
        raise BadInputError(
            f"--split: expected '{SPLITS[-1]}', as the model was trained on the other splits of these very records, "
            f"{records}; received '{ALL if len(splits) > 1 else splits[0]}'."
        )
    images = images_of(records, splits)
    learned = images_learned_from(learned_from)
    known = sum(not learned.isdisjoint(digests) for digests in images.values())
    if known > MAX_KNOWN_SHARE * len(images):
        raise BadInputError(
            f"Expected images that are new to the model, received {len(images):,}, {known:,} of which it was trained "
            f"on: they, or what they were made of, are in train or val of {learned_from}. Evaluate it on those "
            f"records with --split {SPLITS[-1]}, or on other images."
        )
    if known:
        session.tell(f"known      {known:,} of {len(images):,} images the model has learned from")
    return known


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
    name = _in_words(splits)
    files = {name: _files(records, splits)}
    table = score_images(model.folder, files, PERTURBATIONS if robustness else (), perturbed_split=name)
    if robustness:
        table = with_attacked(table, model.folder, files[name], name, AttackSettings())
    write_scores(table, folder)
    return table


def _attacks(scores: pa.Table, model: PushedModel) -> tuple[RobustnessRow, ...]:
    from components.scoring.robustness import attack_table

    return tuple(attack_table(scores, model.calibration.threshold))


def _in_words(splits: tuple[str, ...]) -> str:
    *others, last = splits
    return f"{', '.join(others)} and {last}" if others else last


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

    facts = evaluation_facts(
        model, records, _files(records, splits), _in_words(splits), slices, scores, nodes
    )
    write_page(facts, page)
