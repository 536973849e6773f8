"""Writes what people read of a run: the report as a page, and the model card, also beside the pushed model."""

import dataclasses
from pathlib import Path

from components.atomic_file import write_text
from components.report.file_names import CARD_FILE, PAGE_FILE
from components.report.model_card import model_card
from components.report.page import write_page
from pipeline.report.facts import gather
from pipeline.run_report import RunReport
from pipeline.workspace import Workspace

PUSHED_CARD_FILE = "README.md"
"""In a pushed version, where the Hugging Face Hub looks for the card of a model; the model server looks past it."""


def write_pages(report: RunReport, workspace: Workspace, page: Path | None = None) -> RunReport:
    """Writes the page and the model card into the run's folder of reports, each whole or not at all.

    A pushed version gets the card as well, unless it has one: that may have been edited, as to name a licence. The
    Pusher's source, the model that the Trainer put out, stays as it is.

    Args:
        report: what the run came to.
        workspace: of the run.
        page: where the page goes; None for `PAGE_FILE` beside the card.

    Returns:
        The report, which says where they are.

    Raises:
        RunError: see `pipeline.report_facts.gather`.
        OSError: something cannot be written.
    """
    facts = gather(report, workspace)
    folder = report.folder(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    page = page or folder / PAGE_FILE
    write_page(facts, page)
    text, card = model_card(facts), folder / CARD_FILE
    write_text(card, text)
    if report.pushed_to and report.pushed_to.is_dir():
        pushed = report.pushed_to / PUSHED_CARD_FILE
        if not pushed.exists():
            write_text(pushed, text)
    return dataclasses.replace(report, page=page, model_card=card)
