"""The dataset card: what an import found, kept and refused, and how to make it again."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from data.errors import BadInputError
from data.example import LABEL_MAP, SPLITS

CARD_FILE = "dataset_card.json"
CARD_VERSION = 1


@dataclass(frozen=True)
class DatasetCard:
    """Everything countable about an imported data set. ``found == kept + sum(quarantined.values())``.

    Attributes:
        name: name of the source folder.
        layout: how the source was read.
        found: files found in the classes' folders.
        kept: images written to records.
        quarantined: refused files by reason.
        left_out: number of files that belong to no class, such as a README.
        splits: images by split, then label name: ``{"train": {"real": 373, "fake": 374}, …}``.
        formats: images by label name, then format.
        sizes: images by label name, then ``"WIDTHxHEIGHT"``.
        sources: images by label name, then source.
        methods: images by label name, then method.
        groups: number of groups, images in the largest, images in groups of more than one, groups that an
            official split tears apart.
        exact_copies: kept images whose bytes another kept image has, too.
        shards: the record files in order: ``{"file": …, "split": …, "images": …, "sha256": …}``.
        options: the options that decided the result.
        source_hash: SHA-256 over the paths and contents of the files found: names this very data set.
        fingerprint: :func:`data.fingerprint.source_fingerprint` at the time of the import.
        version: version of this card's format.
    """

    name: str
    layout: str
    found: int
    kept: int
    quarantined: dict[str, int]
    left_out: int
    splits: dict[str, dict[str, int]]
    formats: dict[str, dict[str, int]]
    sizes: dict[str, dict[str, int]]
    sources: dict[str, dict[str, int]]
    methods: dict[str, dict[str, int]]
    groups: dict[str, int]
    exact_copies: int
    shards: list[dict]
    options: dict
    source_hash: str
    fingerprint: str
    version: int = CARD_VERSION

    def summary(self) -> str:
        """The card in a dozen lines for people."""
        refused = sum(self.quarantined.values())
        lines = [
            f"Data set {self.name}: {self.found} files found, {self.kept} images kept, {refused} quarantined",
            "",
            f"{'split':<8}" + "".join(f"{label:>9}" for label in LABEL_MAP) + f"{'share':>9}",
        ]
        for split in SPLITS:
            counts = self.splits[split]
            share = sum(counts.values()) / self.kept
            lines.append(
                f"{split:<8}" + "".join(f"{counts[label]:>9}" for label in LABEL_MAP) + f"{share:>9.1%}"
            )
        lines.append("")
        for title, table in (("formats", self.formats), ("sizes", self.sizes), ("methods", self.methods)):
            lines.append(f"{title:<8} " + "; ".join(f"{label}: {_top(table[label])}" for label in LABEL_MAP))
        lines.append(
            f"groups   {self.groups['count']}, the largest of {self.groups['largest']} images; "
            f"{self.exact_copies} exact copies"
        )
        if self.groups["across_official_splits"]:
            lines.append(
                f"LEAK     {self.groups['across_official_splits']} groups lie across the official splits"
            )
        if self.quarantined:
            lines.append("refused  " + _top(self.quarantined))
        if self.left_out:
            lines.append(f"left out {self.left_out} files that are in neither a real nor a fake folder")
        return "\n".join(lines)


def write_card(folder: Path, card: DatasetCard) -> None:
    """Writes the card into ``folder``."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8", errors="surrogateescape")


def read_card(folder: str | Path) -> DatasetCard:
    """Reads the card of an imported data set.

    Raises:
        BadInputError: the folder holds no card, or one that this version cannot read.
    """
    path = Path(folder) / CARD_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except (FileNotFoundError, NotADirectoryError):
        raise BadInputError(
            f"Expected an imported data set with a {CARD_FILE} at {folder}, found none. "
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
    return DatasetCard(**values)


def is_imported(folder: str | Path) -> bool:
    """Whether ``folder`` holds an imported data set (as opposed to a folder of images, or nothing)."""
    return (Path(folder) / CARD_FILE).is_file()


def _top(counts: dict[str, int], most: int = 4) -> str:
    ordered = Counter(counts).most_common()
    shown = ", ".join(f"{count} x {name}" for name, count in ordered[:most])
    return shown + (f" and {len(ordered) - most} more kinds" if len(ordered) > most else "")
