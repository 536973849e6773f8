"""An audit, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from data.audit.records import RecordsAudit
    from data.audit.shortcuts import PairAudit

# Short enough for the table to fit a terminal of 80 columns.
_HEADINGS = {
    "size": "\nsize",
    "format": "for-\nmat",
    "JPEG quantisation": "JPEG\nquant.",
    "file size": "file\nsize",
    "brightness": "bright-\nness",
    "saturation": "satu-\nration",
    "sharpness": "sharp-\nness",
    "high frequency": "fine\ndetail",
}


def audit_text(audit: RecordsAudit) -> Group:
    """A table of what each cue tells of each pair, and a sentence for each shortcut."""
    if not audit.shortcuts:
        return Group(Text("Too few images of a class to tell (10 of each are needed)."))
    table = Table(
        title="AUC of cues for telling real from fake (0.5 tells nothing)",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("\npair", overflow="fold")
    for heading in ("\nreal", "\nfake", *_HEADINGS.values(), "all to-\ngether"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in audit.shortcuts:
        table.add_row(one.pair, str(one.real), str(one.fake), *_aucs(one))
    sentences = [sentence for one in audit.shortcuts for sentence in one.sentences()]
    if not sentences:
        return Group(
            table, Text(), Text(f"No shortcut: no cue tells more than {audit.bound:g}.", style="green")
        )
    return Group(table, Text(), *(Text(f"SHORTCUT  {sentence}", style="bold red") for sentence in sentences))


def _aucs(one: PairAudit) -> list[Text]:
    cells = [(cue, one.cues[cue]) for cue in _HEADINGS] + [("all cues together", one.together)]
    return [
        Text("-" if auc is None else f"{auc:.2f}", style="bold red" if cue in one.suspects else "")
        for cue, auc in cells
    ]
