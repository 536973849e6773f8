"""A verdict as a line of text, JSON or CSV."""

import csv
import io
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.verdict import Verdict
    from serving.video.verdict import VideoVerdict

TEXT_COLUMNS = ("path", "score", "decision", "threshold", "model_version")

CSV_COLUMNS = (
    *("path", "score", "decision", "threshold", "model_name", "model_version", "sha256"),
    *("uncertain_low", "uncertain_high", "error"),
    *("sampling", "frames", "frames_without_face", "frames_without_verdict"),
)
"""The last four are empty for images."""

_FORMULA = ("=", "+", "-", "@")


def text_header(videos: bool) -> str:
    """The names of what `text_line` gives."""
    return "\t".join((*TEXT_COLUMNS, "frames") if videos else TEXT_COLUMNS)


def text_line(verdict: "Verdict | VideoVerdict", videos: bool) -> str:
    """What a reader wants to know, with tabs between.

    Args:
        verdict: one that is `ok`.
        videos: whether there are videos among the files, and so a column for the number of frames.
    """
    cells = [
        verdict.path,
        f"{verdict.score:.6f}",
        verdict.decision,
        f"{verdict.threshold:.6f}",
        str(verdict.model_version),
    ]
    if videos:
        cells.append(str(len(verdict.frames)) if hasattr(verdict, "frames") else "")
    return "\t".join(cells)


def json_line(verdict: "Verdict | VideoVerdict") -> str:
    """All there is, as one JSON object."""
    return json.dumps(verdict.as_dict())


def csv_line(verdict: "Verdict | VideoVerdict") -> str:
    """All there is but the single frames of a video, under `CSV_COLUMNS`."""
    fields = verdict.as_dict()
    low, high = verdict.uncertain_band or (None, None)
    fields |= {"uncertain_low": low, "uncertain_high": high}
    if "frames" in fields:
        fields["frames"] = len(verdict.frames)
    return csv_row([fields.get(name) for name in CSV_COLUMNS])


def csv_header() -> str:
    """The line above all others."""
    return csv_row(CSV_COLUMNS)


def csv_row(cells) -> str:
    """One record of CSV without its line break; a cell may hold line breaks, in quotes."""
    buffer = io.StringIO()
    # Both kinds of line break, as Python before 3.13 puts a cell in quotes only if it holds one of these.
    csv.writer(buffer, lineterminator="\r\n").writerow([csv_cell(cell) for cell in cells])
    return buffer.getvalue().removesuffix("\r\n")


def csv_cell(value: object) -> object:
    """The value; with an apostrophe before it where a spreadsheet would take a text for a formula and run it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
