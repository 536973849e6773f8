"""A local run from `--data` to its report, with everything a person sees on the way."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from components.errors import DataAnomalyError, HardwareError, ObjectiveError, WeightsError
from data.errors import BadInputError
from pipeline.config import DataSettings, PipelineConfig
from pipeline.errors import ConfigError, RunError
from pipeline.run_options import PLAIN_RUN, RunOptions
from pipeline.terminal.library_output import library_output_to
from pipeline.terminal.node_view import NodeView
from pipeline.terminal.step_view import step_view
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.beam.settings import BeamSettings
    from pipeline.run_report import RunReport

# Passed on as they are: they name the cause and the cure.
_USER_MISTAKES = (
    *(BadInputError, ConfigError),
    *(DataAnomalyError, HardwareError, ObjectiveError, WeightsError),
)


def run_and_report(
    config: PipelineConfig,
    source: Path,
    workspace: Workspace,
    warm_start: Path | None = None,
    leave_out: str | None = None,
) -> RunReport:
    """Imports if needed, runs the pipeline, shows its progress on standard error, and keeps a report.

    Args:
        config: what to do, without phases.
        source: a source folder, or imported records.
        workspace: takes all that is written.
        warm_start: the model to start from; see `pipeline.run_options.RunOptions`.
        leave_out: the source that the configuration was made to leave out, by `pipeline.left_out.config_without`.

    Raises:
        BadInputError, ConfigError, DataAnomalyError, WeightsError: the user's input was wrong.
        RunError: a node failed.
    """
    with local_session(workspace) as session:
        records = session.records(source, config.data, leave_out, config.beam)
        report = session.run(config, records, RunOptions(warm_start=warm_start))
        from pipeline.run_report import check_still_pushed

        check_still_pushed(report)
        return report


@dataclasses.dataclass(frozen=True)
class LocalSession:
    """One command's runs, in one workspace, told in one log.

    Attributes:
        workspace: takes all that is written.
        console: where a person looks on.
        log: takes what the libraries say.
    """

    workspace: Workspace
    console: Console
    log: Path

    def records(
        self,
        source: Path,
        settings: DataSettings,
        leave_out: str | None = None,
        beam: BeamSettings | None = None,
    ) -> Path:
        """The records of a source, imported if needed; says where everything is.

        Args:
            source: a source folder, or imported records.
            settings: how to import.
            leave_out: a source to train without; see `pipeline.left_out`.
            beam: where an import is done; None for this process.

        Raises:
            BadInputError: see `pipeline.records.records_of` and `pipeline.left_out.records_without`.
        """
        from pipeline.records import records_of

        cards = []
        with step_view(self.console) as progress:
            records = records_of(source, settings, self.workspace, progress, cards.append, beam)
        for card in cards:
            from data.card_text import card_text

            self.tell(f"{card_text(card)}\n")
        if leave_out:
            from pipeline.left_out import left_out_text, records_without

            with step_view(self.console) as progress:
                records, left_out = records_without(leave_out, records, self.workspace, progress)
            self.tell(left_out_text(left_out))
        for name, path in (("records", records), ("workspace", self.workspace.root), ("log", self.log)):
            self.tell(f"{name:<10} {path}")
        return records

    def run(self, config: PipelineConfig, records: Path, options: RunOptions = PLAIN_RUN) -> RunReport:
        """Runs the whole pipeline and keeps its report, as numbers, as a page and as a model card.

        That the page could not be written takes nothing from the run: the report that comes back says why.

        Raises:
            BadInputError, ConfigError, DataAnomalyError, WeightsError: the user's input was wrong.
            RunError: a node failed.
        """
        self.run_nodes(config, records, options)
        from pipeline.run_report import read_latest_report, write_report

        report = read_latest_report(self.workspace)
        # Kept before anything is drawn from it.
        write_report(report, self.workspace)
        report = self._with_page(report)
        write_report(report, self.workspace)
        return report

    def run_nodes(self, config: PipelineConfig, records: Path, options: RunOptions) -> None:
        """Runs the nodes of one run; reports nothing. Raises what `run` raises."""
        with self.console.status("loading TFX, about 15 s"):
            from pipeline.runners.local import run_local

        from pipeline.history.notes import noting

        view = NodeView(self.console)
        try:
            with view, noting(config, records, self.workspace):
                run_local(config, records, self.workspace, view, options)
        except _USER_MISTAKES:
            raise
        except Exception as error:
            raise RunError(
                f"{view.running or 'The pipeline'} failed: {error}\nThe whole story is in {self.log}"
            ) from error

    def _with_page(self, report: RunReport) -> RunReport:
        from pipeline.report.pages import write_pages

        try:
            with self.console.status("writing the report"):
                return write_pages(report, self.workspace)
        except Exception as error:
            # Whatever it was, the model is trained, measured and perhaps pushed, and the person must be told so.
            traceback.print_exc()
            again = f"deepfake-inspector report {report.training.run} --workspace {self.workspace.root}"
            return dataclasses.replace(
                report,
                page_problem=f"The run is done, but its report could not be written: {error}\nThe whole story is in "
                f"{self.log}; `{again}` tries again.",
            )

    def tell(self, text: str) -> None:
        """Says something to the person, as it is."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


@contextlib.contextmanager
def local_session(workspace: Workspace) -> Iterator[LocalSession]:
    """Sends what libraries say into a log of the workspace while runs go on.

    Args:
        workspace: of the runs.
    """
    log = workspace.logs / f"{time.strftime('%Y-%m-%dT%H-%M-%S')}.log"
    with library_output_to(log) as person:
        try:
            yield LocalSession(workspace, Console(file=person), log)
        except Exception:
            traceback.print_exc()  # Goes into the log; the person gets one line.
            raise
