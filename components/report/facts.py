"""All that a report tells, gathered by whoever ran the evaluation."""

import dataclasses
from typing import Any

import pyarrow as pa

from components.calibration import Calibration
from components.evaluator.results import SliceMetrics


@dataclasses.dataclass(frozen=True)
class ExplainedImage:
    """One image and where the classifier looked.

    Attributes:
        sha256: of the image as it was imported.
        label: 0 real, 1 fake.
        score: P(fake) in [0, 1].
        thumbnail: JPEG bytes, at most 160 pixels a side.
        overlay: JPEG bytes of the same image under its heat map; None where the model has no `explain` signature.
        facts: source, method, format, size and the like, in words.
    """

    sha256: str
    label: int
    score: float
    thumbnail: bytes
    overlay: bytes | None
    facts: dict[str, str]


@dataclasses.dataclass(frozen=True)
class NodeRun:
    """One step of the run.

    Attributes:
        name: of the node.
        seconds: how long it took; None where that is not known.
        from_cache: whether an earlier run's output was taken.
    """

    name: str
    seconds: float | None
    from_cache: bool


@dataclasses.dataclass(frozen=True)
class Lineage:
    """Where the numbers come from.

    Attributes:
        nodes: in the order they ran; empty where whoever gathers cannot know.
        cores: processor cores of the machine; cost is told in core-hours. None where the steps ran on several.
        records: folder of the records.
        configuration: all settings, as JSON.
        versions: of the libraries, the code (hash) and the data (fingerprint), by name.
        warm_start: the model the training started from, if it did.
        artifacts: what the report was gathered from, a URI by name; empty where ML Metadata tells.
    """

    nodes: tuple[NodeRun, ...]
    cores: int | None
    records: str
    configuration: dict[str, Any]
    versions: dict[str, str]
    warm_start: str | None = None
    artifacts: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def core_hours(self) -> float | None:
        """All cores for as long as the nodes took that ran; None where that is not known."""
        seconds = [node.seconds for node in self.nodes if node.seconds is not None and not node.from_cache]
        return sum(seconds) * self.cores / 3600 if seconds and self.cores else None


@dataclasses.dataclass(frozen=True)
class ReportFacts:
    """What a report is made from.

    Attributes:
        title: `run 2026-11-25T...`, or `model 3 on records/celeb`.
        blessed: whether the model reached its bounds; None where it was not asked (an evaluation of a pushed model).
        reasons: sentences that say why it was or was not blessed.
        pushed_to: the version directory; None when it was not pushed.
        model_name: the name it is served under.
        model_version: None when it was not pushed.
        calibration: the operating point.
        objective: how the threshold was chosen, such as `best-f1` or `fpr=0.01`.
        slices: metrics of the test split, the whole first.
        scores: see `components.scoring.table`; the test split, perturbed copies included, and the validation split.
        phases: the phase table, a row a stage; empty for an evaluation.
        cards: the dataset cards, a span each, as `data import` wrote them.
        worst: the worst errors of the test split, the worst first.
        lineage: where the numbers come from.
        history: PNG bytes of the plot of the training; None for an evaluation.
        split: name of what was evaluated, `test` for a run.
    """

    title: str
    blessed: bool | None
    reasons: tuple[str, ...]
    pushed_to: str | None
    model_name: str
    model_version: str | None
    calibration: Calibration
    objective: str
    slices: tuple[SliceMetrics, ...]
    scores: pa.Table
    phases: tuple[dict[str, Any], ...]
    cards: tuple[dict[str, Any], ...]
    worst: tuple[ExplainedImage, ...]
    lineage: Lineage
    history: bytes | None = None
    split: str = "test"
