"""Progressive training: a run on each subset, from the smallest on, each started from the last blessed model."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.atomic_file import write_text
from data.errors import BadInputError
from pipeline.config import PipelineConfig
from pipeline.local_run import LocalSession, local_session
from pipeline.run_options import RunOptions
from pipeline.terminal.step_view import step_view
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.phases import LeftOut, Phase
    from pipeline.run_report import RunReport

PHASES_FILE = "phases.json"
"""In the folder of reports of the last phase's run: the whole `ProgressiveReport`."""


@dataclasses.dataclass(frozen=True)
class PhaseReport:
    """How a phase went.

    Attributes:
        name: of the phase.
        images: of its subset.
        started_from: the model it started from; None for the weights configured.
        report: of its run.
    """

    name: str
    images: int
    started_from: Path | None
    report: RunReport

    def rows(self) -> list[dict[str, Any]]:
        """What its last stage came to, a row a split, validation and test."""
        last = self.report.phases[-1]
        first = {
            "phase": self.name,
            "images": self.images,
            "blessed": self.report.blessed,
            "threshold": last["calibration"]["threshold"],
        }
        return [first | metrics for metrics in last["metrics"]]


@dataclasses.dataclass(frozen=True)
class ProgressiveReport:
    """How all phases went, and which were left out."""

    phases: list[PhaseReport]
    left_out: list[LeftOut]

    @property
    def last(self) -> RunReport:
        """The report of the last phase."""
        return self.phases[-1].report

    def rows(self) -> list[dict[str, Any]]:
        """The table over all phases, a row a phase and split."""
        return [row for phase in self.phases for row in phase.rows()]

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "table": self.rows(),
            "phases": [
                {
                    "phase": phase.name,
                    "images": phase.images,
                    "started_from": str(phase.started_from) if phase.started_from else None,
                    **phase.report.as_dict(),
                }
                for phase in self.phases
            ],
            "left_out": [dataclasses.asdict(one) for one in self.left_out],
        }


def run_phases(
    config: PipelineConfig, source: Path, workspace: Workspace, warm_start: Path | None = None
) -> ProgressiveReport:
    """Imports if needed, runs phase after phase, shows their progress on standard error, and keeps reports.

    What has been done is found in cache: the same command goes on where it was stopped.

    Args:
        config: with phases.
        source: a source folder, or imported records.
        workspace: takes all that is written.
        warm_start: the model that the first phase starts from; see `pipeline.run_options.RunOptions`.

    Raises:
        BadInputError: there are too few images for any phase; or as `run_and_report`.
        ConfigError, DataAnomalyError, WeightsError: the user's input was wrong.
        RunError: a node failed.
    """
    with local_session(workspace) as session:
        records = session.records(source, config.data, beam=config.beam)
        phases, left_out = _plan(config, records, session)
        done: list[PhaseReport] = []
        for number, phase in enumerate(phases, start=1):
            done.append(_run_phase(phase, f"{number} of {len(phases)}", records, session, done, warm_start))
        from pipeline.run_report import check_still_pushed

        report = ProgressiveReport(done, left_out)
        check_still_pushed(report.last)
        write_text(report.last.folder(workspace) / PHASES_FILE, json.dumps(report.as_dict(), indent=2) + "\n")
        return report


def _plan(config: PipelineConfig, records: Path, session: LocalSession) -> tuple[list[Phase], list[LeftOut]]:
    from pipeline.phases import LeftOut, Phase, plan_phases

    planned = plan_phases(config, records)
    left_out = [one for one in planned if isinstance(one, LeftOut)]
    for one in left_out:
        session.tell(f"left out   phase {one.name}: {one.reason}")
    phases = [one for one in planned if isinstance(one, Phase)]
    if not phases:
        raise BadInputError(
            f"Expected images for at least one phase of '{config.name}', received too few: phase "
            f"{left_out[0].name} is the smallest, and {left_out[0].reason}. Import more images, or use a "
            "configuration without phases."
        )
    return phases, left_out


def _run_phase(
    phase: Phase,
    number: str,
    whole: Path,
    session: LocalSession,
    done: list[PhaseReport],
    warm_start: Path | None,
) -> PhaseReport:
    from pipeline.phases import phase_records, phases_folder

    blessed = [earlier.report.model for earlier in done if earlier.report.blessed]
    start = blessed[-1] if blessed else warm_start
    with step_view(session.console) as progress:
        records = phase_records(phase, whole, session.workspace, progress)
    why = ", as no phase before it was blessed" if done and not blessed else ""
    session.tell(
        f"\nphase {phase.name} ({number}): {phase.images:,} images, {phase.real:,} of them real; starts from "
        f"{start or 'the configured weights'}{why}"
    )
    report = session.run(
        phase.config,
        records,
        RunOptions(
            warm_start=start,
            # Of another phase's models only this one is to be beaten: on a second run, later ones are there already.
            held_against_start=bool(blessed),
            # The phases are draws from the same images; that they differ is no news. What other data the served model
            # was trained on stays what each of them is compared with.
            same_data=phases_folder(whole, session.workspace),
        ),
    )
    return PhaseReport(phase.name, phase.images, start, report)
