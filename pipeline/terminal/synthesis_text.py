"""What a synthesis did, for the terminal."""

import shlex
from pathlib import Path

from data.card import is_imported, read_cards
from data.synthesis.auditing import sentences, strongest
from data.synthesis.synthesizing import Synthesis


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
        lines += [f"manifest:   {done.manifest}", f"next:       {command}"]
    return "\n".join(lines)


def shortcut_text(done: Synthesis, maker: str, bound: float) -> str:
    """Why there is no manifest."""
    return (
        f"Expected that no cue tells images by {maker} from their parents with an AUC above {bound:g}, received "
        f"{'; '.join(sentences(done.audit))}. A detector would learn that instead of the edit, so there is no "
        f"manifest. Look at {done.gallery}; another strength may help, and --accept-shortcuts goes on regardless."
    )


def next_command(done: Synthesis, source: Path) -> str | None:
    """What imports the images as one more span of the records they were made of; None without a manifest."""
    if done.manifest is None:
        return None
    manifest = shlex.quote(str(done.manifest))
    if not is_imported(source):
        return f"deepfake-inspector data import {manifest} --out RECORDS --span N, RECORDS holding {source}"
    cards = read_cards(source)
    command = (
        f"deepfake-inspector data import {manifest} --out {shlex.quote(str(source))} --span {len(cards) + 1}"
    )
    command += " --harmonise" * bool(cards[0].harmonised)
    # Children have no annotated values of their own, which the schema expects of every image.
    return command + " --extend-schema" * any(card.columns for card in cards)


def _audit_line(done: Synthesis, bound: float) -> str:
    if done.audit is None:
        return "audit: too few pairs to tell (10 are needed)"
    cue, auc = strongest(done.audit)
    found = f"{cue} tells" if cue != "all cues together" else f"{cue} tell"
    over = ""
    if done.audit.suspects:
        over = f"; over the bound of {bound:g}: {', '.join(done.audit.suspects)}"
    return f"audit: {found} children from parents best, AUC {auc:.2f} of {done.audit.fake} pairs{over}"
