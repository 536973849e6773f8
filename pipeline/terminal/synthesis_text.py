"""What a synthesis did, for the terminal."""

import json
import shlex
from pathlib import Path

from data.card import is_imported, read_cards
from data.image_table import read_table
from data.record_folder import span_folder
from data.synthesis.auditing import sentences, strongest
from data.synthesis.synthesizing import Synthesis

_NO_COMMAND = (
    "none, as an earlier span of the records holds some of these images already, and others came after it; make "
    "further images with another seed, in a folder of their own"
)


def synthesis_text(done: Synthesis, maker: str, bound: float, command: str | None) -> str:
    """A few lines: what was made, what the audit found, where it lies, and what to do next."""
    labels = ", ".join(f"{count} {label}" for label, count in done.labels.items())
    before = f" ({done.reused} of them by an earlier call)" if done.reused else ""
    lines = [
        f"{done.made + done.reused} images by {maker}{before}: {labels}; {done.parents} images may be edited",
        *(f"left out: {count} {reason}" for reason, count in done.refused.items()),
        _audit_line(done, bound),
        f"look at it: {done.gallery}",
    ]
    if done.manifest:
        lines += [f"manifest:   {done.manifest}", f"next:       {command or _NO_COMMAND}"]
    return "\n".join(lines)


def shortcut_text(done: Synthesis, maker: str, bound: float) -> str:
    """Why there is no manifest."""
    return (
        f"Expected that no cue tells images by {maker} from their parents with an AUC above {bound:g}, received "
        f"{'; '.join(sentences(done.audit))}. A detector would learn that instead of the edit, so there is no "
        f"manifest. Look at {done.gallery}; another strength may help, and --accept-shortcuts goes on regardless."
    )


def next_command(done: Synthesis, source: Path) -> str | None:
    """What imports the images as one more span of the records they were made of.

    Where the last span holds the first of them already, from a call that made fewer, that span is imported anew.

    Returns:
        The command. None where there is no manifest, or where a span that holds some of them has others after it.
    """
    if done.manifest is None:
        return None
    manifest = shlex.quote(str(done.manifest))
    if not is_imported(source):
        return f"deepfake-inspector data import {manifest} --out RECORDS --span N, RECORDS holding {source}"
    cards = read_cards(source)
    held = _span_that_holds(_first_row(done.manifest), source, len(cards))
    if held not in (None, len(cards)):
        return None
    span = held or len(cards) + 1
    command = f"deepfake-inspector data import {manifest} --out {shlex.quote(str(source))} --span {span}"
    command += " --harmonise" * bool(cards[0].harmonised)
    # Children have no annotated values of their own, which the schema expects of every image.
    return command + " --extend-schema" * any(card.columns for card in cards)


def _first_row(manifest: Path) -> dict:
    with open(manifest, encoding="utf-8") as rows:
        return json.loads(next(rows))


def _span_that_holds(row: dict, records: Path, spans: int) -> int | None:
    # Not by their bytes: what one maker makes of an image with two seeds may be the same.
    wanted = {key: row[f"synthetic_{key}"] for key in ("maker", "parent", "seed")}
    for span in range(spans, 0, -1):
        held = read_table(span_folder(records, span)).column("synthetic").drop_null()
        if any({key: one[key] for key in wanted} == wanted for one in held.to_pylist()):
            return span
    return None


def _audit_line(done: Synthesis, bound: float) -> str:
    if done.audit is None:
        return "audit: too few pairs to tell (10 are needed)"
    cue, auc = strongest(done.audit)
    found = f"{cue} tells" if cue != "all cues together" else f"{cue} tell"
    over = ""
    if done.audit.suspects:
        over = f"; over the bound of {bound:g}: {', '.join(done.audit.suspects)}"
    return f"audit: {found} children from parents best, AUC {auc:.2f} of {done.audit.fake} pairs{over}"
