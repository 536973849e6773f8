"""A local run from `--data` to its report, with everything a person sees on the way."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from components.errors import DataAnomalyError, WeightsError
from data.errors import BadInputError
from pipeline.config import PipelineConfig
from pipeline.errors import ConfigError, RunError
from pipeline.terminal.library_output import library_output_to
from pipeline.terminal.node_view import NodeView
from pipeline.terminal.step_view import step_view
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.run_report import RunReport

# Passed on as they are: they name the cause and the cure.
_USER_MISTAKES = (BadInputError, ConfigError, DataAnomalyError, WeightsError)


def run_and_report(config: PipelineConfig, source: Path, workspace: Workspace) -> RunReport:
    """Imports if needed, runs the pipeline, shows its progress on standard error, and keeps a report.

    Args:
        config: what to do.
        source: a source folder, or imported records.
        workspace: takes all that is written.

    Raises:
        BadInputError, ConfigError, DataAnomalyError, WeightsError: the user's input was wrong.
        RunError: a node failed.
    """
    log = workspace.logs / f"{time.strftime('%Y-%m-%dT%H-%M-%S')}.log"
    with library_output_to(log) as person:
        try:
            return _run(config, source, workspace, Console(file=person), log)
        except Exception:
            traceback.print_exc()  # Goes into the log; the person gets one line.
            raise


def _run(
    config: PipelineConfig, source: Path, workspace: Workspace, console: Console, log: Path
) -> RunReport:
    from pipeline.records import records_of

    cards = []
    with step_view(console) as progress:
        records = records_of(source, config.data, workspace, progress, cards.append)
    for card in cards:
        from data.card_text import card_text

        console.print(f"{card_text(card)}\n", highlight=False, markup=False, soft_wrap=True)
    for name, path in (("records", records), ("workspace", workspace.root), ("log", log)):
        console.print(f"{name:<10} {path}", highlight=False, soft_wrap=True)
    with console.status("loading TFX, about 15 s"):
        from pipeline.run_report import read_report, write_report
        from pipeline.runners.local import run_local

    view = NodeView(console)
    try:
        with view:
            run_local(config, records, workspace, view)
    except _USER_MISTAKES:
        raise
    except Exception as error:
        raise RunError(
            f"{view.running or 'The pipeline'} failed: {error}\nThe whole story is in {log}"
        ) from error
    report = read_report(workspace, records)
    write_report(report, workspace)
    return report
