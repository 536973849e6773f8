"""Two runs side by side: what was asked of them, and what they came to."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from components.report.file_names import METRICS_FILE
from components.report.words import flat
from pipeline.history.notes import configuration_of
from pipeline.history.past_runs import PastRun, past_runs
from pipeline.history.runs import Run
from pipeline.workspace import Workspace

MEASURES = ("auc", "accuracy", "recall_fake", "false_positive_rate")
"""What slices are compared by."""


@dataclasses.dataclass(frozen=True)
class SettingChange:
    """One setting that differs; None where a run has none of that name."""

    name: str
    before: str | None
    after: str | None


@dataclasses.dataclass(frozen=True)
class SliceChange:
    """The measures of one slice in both runs, by name; empty where a run lacks the slice, None without a value."""

    name: str
    before: dict[str, float | None]
    after: dict[str, float | None]

    def difference(self, measure: str) -> float | None:
        """After less before."""
        before, after = self.before.get(measure), self.after.get(measure)
        return None if before is None or after is None else after - before


@dataclasses.dataclass(frozen=True)
class RunComparison:
    """Two runs, the first being what the second is compared with.

    Attributes:
        before, after: the runs.
        settings: that differ, of those that both have noted.
        slices: of the test split, the whole first; empty where one of them has no metrics by slice.
        without_metrics: names of the runs that have none: not evaluated, or their report is gone.
        same_data: whether both read the very same records.
    """

    before: PastRun
    after: PastRun
    settings: tuple[SettingChange, ...]
    slices: tuple[SliceChange, ...]
    without_metrics: tuple[str, ...]
    same_data: bool

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "runs": [self.before.as_dict(), self.after.as_dict()],
            "same_data": self.same_data,
            "settings": [dataclasses.asdict(one) for one in self.settings],
            "slices": [
                dataclasses.asdict(one)
                | {"difference": {measure: one.difference(measure) for measure in MEASURES}}
                for one in self.slices
            ],
            "without_metrics": list(self.without_metrics),
        }


def compare(before: Run, after: Run, workspace: Workspace) -> RunComparison:
    """Compares two runs of a workspace.

    Args:
        before, after: the runs; may be the same.
        workspace: keeps the metrics by slice in their folders of reports.
    """
    first, second = past_runs([before, after])
    old, new = (_slices(run, workspace) for run in (before, after))
    without = [run.name for run, slices in ((before, old), (after, new)) if not slices]
    return RunComparison(
        before=first,
        after=second,
        settings=_settings(before, after),
        slices=() if without else _changes(old, new),
        without_metrics=tuple(dict.fromkeys(without)),
        same_data=first.data is not None and first.data == second.data,
    )


def _settings(before: Run, after: Run) -> tuple[SettingChange, ...]:
    old, new = configuration_of(before), configuration_of(after)
    # Of a run from before all settings were noted, those of the training are known only.
    both = [key for key in old if key in new]
    was, became = (dict(flat({key: one[key] for key in both})) for one in (old, new))
    return tuple(
        SettingChange(name, was.get(name), became.get(name))
        for name in dict.fromkeys((*was, *became))
        if was.get(name) != became.get(name)
    )


def _slices(run: Run, workspace: Workspace) -> dict[str, dict[str, float | None]]:
    file = run.report_folder(workspace) / METRICS_FILE
    if not file.is_file():
        return {}
    slices = json.loads(file.read_text(encoding="utf-8"))["slices"]
    return {one["name"]: {name: (one | one["at_tau"]).get(name) for name in MEASURES} for one in slices}


def _changes(
    before: dict[str, dict[str, float | None]], after: dict[str, dict[str, float | None]]
) -> tuple[SliceChange, ...]:
    return tuple(
        SliceChange(name, before.get(name, {}), after.get(name, {}))
        for name in dict.fromkeys((*before, *after))
    )
