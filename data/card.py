"""The dataset card: what an import found, kept and refused, and how to make it again."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from data.errors import BadInputError
from data.example import LABEL_MAP, SPLITS
from data.record_folder import CARD_FILE, span_folder, spans

CARD_VERSION = 2

#: Of sizes and of the values of a column, so many are counted, the most frequent first. A column of more values is no
#: category but free text.
MOST_VALUES = 100


@dataclass(frozen=True)
class DatasetCard:
    """Everything countable about one span. ``found == kept + sum(quarantined.values())``.

    Attributes:
        name: name of the source.
        layout: how the source was read.
        span: number of the delivery, from 1.
        found: images found in the source.
        kept: images written to records.
        quarantined: refused images by reason.
        skipped: what the source itself leaves out by its own rules, by reason, such as boxes around crowds.
        left_out: number of files that belong to no class, such as a README.
        splits: images by split, then label name: ``{"train": {"real": 373, "fake": 374}, …}``.
        formats: images by label name, then format.
        sizes: images by label name, then ``"WIDTHxHEIGHT"``.
        sources: images by label name, then source.
        methods: images by label name, then method.
        columns: images by annotated column, then value.
        groups: number of groups, images in the largest, images in groups of more than one, images in groups of an
            earlier span.
        exact_copies: kept images whose bytes another kept image has, too.
        near_copies: kept images of which there is another with a near perceptual hash and unequal bytes, here or in
            an earlier span.
        leaks: groups that the source's own splits tear apart, the images in them, and whether those of the earlier
            splits were dropped; ``leaks.jsonl`` names each.
        shortcuts: what cues tell of the label, a :class:`data.audit.shortcuts.PairAudit` each, as stored.
        shortcuts_before: the same before the images were harmonised; empty where they were not.
        harmonised: size and JPEG quality that every image was brought to; None where the bytes are as they came.
        shards: the record files in order: ``{"file": …, "split": …, "images": …, "sha256": …}``.
        options: the options that decided the result.
        source_hash: SHA-256 over the names and contents of the images found: names this very data set.
        fingerprint: :func:`data.fingerprint.source_fingerprint` at the time of the import.
        unknown: what the schema beside the records does not expect of a later span, a few words each; a run stops
            at it.
        subset: name of the subset, where this is one.
        synthetic: images that were made of others, by their maker; they are among those kept.
        version: version of this card's format.
    """

    name: str
    layout: str
    span: int
    found: int
    kept: int
    quarantined: dict[str, int]
    skipped: dict[str, int]
    left_out: int
    splits: dict[str, dict[str, int]]
    formats: dict[str, dict[str, int]]
    sizes: dict[str, dict[str, int]]
    sources: dict[str, dict[str, int]]
    methods: dict[str, dict[str, int]]
    columns: dict[str, dict[str, int]]
    groups: dict[str, int]
    exact_copies: int
    near_copies: int
    leaks: dict[str, int]
    shortcuts: list[dict]
    shortcuts_before: list[dict]
    harmonised: dict[str, int] | None
    shards: list[dict]
    options: dict
    source_hash: str
    fingerprint: str
    unknown: tuple[str, ...] = ()
    subset: str | None = None
    synthetic: dict[str, int] = field(default_factory=dict)
    version: int = CARD_VERSION


def write_card(folder: Path, card: DatasetCard) -> None:
    """Writes the card into the folder of its span."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8", errors="surrogateescape")


def read_card(records: str | Path, span: int = 1) -> DatasetCard:
    """Reads the card of a span.

    Args:
        records: folder of imported records.
        span: its number.

    Raises:
        BadInputError: the folder holds no card, or one that this version cannot read.
    """
    path = span_folder(Path(records), span) / CARD_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except (FileNotFoundError, NotADirectoryError):
        raise BadInputError(
            f"Expected an imported data set at {records}, found no {path.name} in {path.parent.name}/. "
            "Make one with `deepfake-inspector data import SOURCE --out DIR`."
        ) from None
    except ValueError as error:
        raise BadInputError(
            f"Expected JSON in {path}, received something else ({error}). Import again."
        ) from error
    version = values.get("version") if isinstance(values, dict) else None
    if version != CARD_VERSION:
        raise BadInputError(
            f"Expected a card of version {CARD_VERSION} at {path}, received {version}. Import again."
        )
    try:
        return DatasetCard(**values | {"unknown": tuple(values["unknown"])})
    except (KeyError, TypeError) as error:
        raise BadInputError(f"Expected a whole card at {path}: {error}. Import again.") from error


def read_cards(records: str | Path) -> list[DatasetCard]:
    """The cards of all spans, in their order.

    Raises:
        BadInputError: see :func:`read_card`.
    """
    return [read_card(records, span) for span in spans(records) or [1]]


def is_imported(records: str | Path) -> bool:
    """Whether the folder holds an imported data set (as opposed to a folder of images, or nothing)."""
    return (span_folder(Path(records), 1) / CARD_FILE).is_file()


def count_by(labels: list[int], keys: list[str]) -> dict[str, dict[str, int]]:
    """Counts keys by the name of their label, the most frequent first."""
    pairs = Counter(zip(labels, keys, strict=True))
    return {
        name: dict(Counter({key: n for (own, key), n in pairs.items() if own == label}).most_common())
        for name, label in LABEL_MAP.items()
    }


def count_splits(labels: list[int], splits: list[str]) -> dict[str, dict[str, int]]:
    """Counts labels by split."""
    by_label = count_by(labels, splits)
    return {split: {name: by_label[name].get(split, 0) for name in LABEL_MAP} for split in SPLITS}
