"""A dataset card for people, in a dozen lines."""

from collections import Counter
from collections.abc import Iterator

from data.audit.shortcuts import PairAudit
from data.card import DatasetCard
from data.example import LABEL_MAP, SPLITS


def card_text(card: DatasetCard) -> str:
    """The card as plain text that fits a terminal of 80 columns but for long names."""
    return "\n".join(_lines(card))


def _lines(card: DatasetCard) -> Iterator[str]:
    refused = sum(card.quarantined.values())
    span = f", span {card.span}" if card.span > 1 else ""
    subset = f", subset {card.subset}" if card.subset else ""
    yield (
        f"Data set {card.name}{span}{subset}: {card.found} images found, {card.kept} kept, {refused} quarantined"
    )
    yield ""
    yield f"{'split':<10}" + "".join(f"{label:>9}" for label in LABEL_MAP) + f"{'share':>9}"
    for split in SPLITS:
        counts = card.splits[split]
        share = sum(counts.values()) / max(1, card.kept)
        yield f"{split:<10}" + "".join(f"{counts[label]:>9}" for label in LABEL_MAP) + f"{share:>9.1%}"
    yield ""
    for title in ("formats", "sizes", "sources", "methods"):
        yield _entry(title, "; ".join(f"{label}: {_top(getattr(card, title)[label])}" for label in LABEL_MAP))
    for column, counts in card.columns.items():
        yield _entry(column, _top(counts))
    yield _entry(
        "groups",
        f"{card.groups['count']}, the largest of {card.groups['largest']} images; {card.exact_copies} exact copies, "
        f"{card.near_copies} images with near copies",
    )
    if card.groups["of_earlier_spans"]:
        yield _entry("", f"{card.groups['of_earlier_spans']} images joined groups of earlier spans")
    if card.synthetic:
        made = _top(card.synthetic, most=6)
        yield _entry("synthetic", f"{made}, made of other images; trained on where a stage asks for them")
    if card.harmonised:
        form = "{size}x{size} pixels, JPEG quality {quality}".format(**card.harmonised)
        yield _entry("harmonised", f"every image was saved anew as {form}")
    yield from _shortcuts(card)
    if card.leaks["groups"]:
        done = (
            "the images of their earlier splits were left out"
            if card.leaks["dropped"]
            else "--drop-leaks leaves the images of their earlier splits out"
        )
        yield _entry(
            "LEAK",
            f"{card.leaks['groups']} groups ({card.leaks['images']} images) lie across the official splits; {done}",
        )
    if card.unknown:
        yield _entry(
            "UNKNOWN",
            f"{', '.join(card.unknown)}: schema.pbtxt does not expect this, and a run would stop. If it is meant, "
            f"import span {card.span} again with --extend-schema",
        )
    if card.quarantined:
        yield _entry("refused", _top(card.quarantined, most=8))
    if card.skipped:
        yield _entry("skipped", _top(card.skipped))
    if card.left_out:
        yield _entry("left out", f"{card.left_out} files that belong to no class")


def _shortcuts(card: DatasetCard) -> Iterator[str]:
    if not card.shortcuts:
        yield _entry("shortcuts", "too few images of a class to tell")
        return
    audits = [PairAudit(**{**one, "suspects": tuple(one["suspects"])}) for one in card.shortcuts]
    whole = audits[0]
    name, auc = max(whole.cues.items(), key=lambda item: item[1])
    together = "" if whole.together is None else f"; all cues together {whole.together:.2f}"
    yield _entry("shortcuts", f"the strongest cue is {name}, AUC {auc:.2f}{together} (0.5 tells nothing)")
    for audit in audits:
        for sentence in audit.sentences():
            yield _entry("SHORTCUT", sentence)


def _entry(title: str, text: str) -> str:
    return f"{title:<10} {text}"


def _top(counts: dict[str, int], most: int = 4) -> str:
    ordered = Counter(counts).most_common()
    shown = ", ".join(f"{count} x {name}" for name, count in ordered[:most])
    return shown + (f" and {len(ordered) - most} more kinds" if len(ordered) > most else "")
