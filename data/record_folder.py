"""Where what lies in a folder of records.

::

    records/
      schema.pbtxt              the curated schema, with this data set's domains; may be edited
      span-1/                   the first delivery
        dataset_card.json  images.parquet  quarantine.jsonl  leaks.jsonl
        train-00000-of-00002.tfrecord.gz …
      span-2/ …                 further ones

Records that were written elsewhere may lie flat, as ``{train,val,test}-*.tfrecord.gz``, without any card.
"""

import re
from pathlib import Path

from data.errors import BadInputError
from data.example import SPLITS

SCHEMA_FILE = "schema.pbtxt"
CARD_FILE = "dataset_card.json"
TABLE_FILE = "images.parquet"
QUARANTINE_FILE = "quarantine.jsonl"
LEAKS_FILE = "leaks.jsonl"

_SPAN = re.compile(r"span-([1-9]\d*)")
#: What a killed import leaves until the next one: see :mod:`data.atomic_folder`.
_PARTIAL = re.compile(rf"\.{_SPAN.pattern}\.partial-.*")


def span_folder(root: Path, span: int) -> Path:
    """The folder of a span, from 1."""
    return root / f"span-{span}"


def spans(root: str | Path) -> list[int]:
    """Numbers of the spans that a folder of records holds, ascending; none where they lie flat, or nothing does."""
    root = Path(root)
    if not root.is_dir():
        return []
    found = (_SPAN.fullmatch(path.name) for path in root.iterdir() if path.is_dir())
    return sorted(int(match[1]) for match in found if match)


def holds_records(root: str | Path) -> bool:
    """Whether there are records in ``root``, of an import or from elsewhere."""
    return any(record_files(root, split) for split in SPLITS)


def record_files(root: str | Path, split: str) -> list[Path]:
    """The record files of a split, span after span, in the order of their names."""
    root = Path(root)
    numbers = spans(root)
    folders = [span_folder(root, number) for number in numbers] or [root]
    return [path for folder in folders for path in sorted(folder.glob(f"{split}-*.tfrecord.gz"))]


def split_pattern(root: str | Path) -> str:
    """What matches the record files of a split below ``root``, where ``{split}`` is replaced by its name."""
    return "span-*/{split}-*.tfrecord.gz" if spans(root) else "{split}-*.tfrecord.gz"


def check_replaceable(root: Path) -> None:
    """Checks that nothing but records of one span would be lost if ``root`` were replaced.

    Raises:
        BadInputError: there is something else, or there are several spans.
    """
    check_ours(root)
    if len(there := spans(root)) > 1:
        raise BadInputError(
            f"Expected a new folder, or records of one span, at {root}; it holds {len(there)} spans, which would be "
            f"lost. Add to them with `data import --span {there[-1] + 1}`, or choose another folder."
        )


def check_ours(root: Path) -> None:
    """Checks that a folder holds records and nothing else, or does not exist.

    Raises:
        BadInputError: there is something else.
    """
    if not root.exists():
        return
    if not root.is_dir():
        raise BadInputError(f"Expected a new folder or an earlier import at {root}, found a file.")
    foreign = [path.name for path in sorted(root.iterdir()) if not _is_ours(path)]
    if foreign:
        raise BadInputError(
            f"Expected a new or empty folder, or an earlier import, at {root}; "
            f"found {', '.join(foreign[:5])}{f' and {len(foreign) - 5} more' if len(foreign) > 5 else ''}. "
            "Choose another output folder: this one would be replaced."
        )


def _is_ours(path: Path) -> bool:
    if path.is_dir():
        is_span = bool(_SPAN.fullmatch(path.name)) and (path / CARD_FILE).is_file()
        return is_span or bool(_PARTIAL.fullmatch(path.name))
    return path.name == SCHEMA_FILE


def check_next_span(root: Path, span: int) -> None:
    """Checks that a span may be imported: the first of all, one more, or the last once more.

    Raises:
        BadInputError: it may not.
    """
    there = spans(root)
    if span == len(there) + 1 or (there and span == there[-1]):
        return
    held = f"spans 1 to {there[-1]}" if there else "no span"
    last = f"{there[-1]} to replace the last one, or {there[-1] + 1}" if there else "1"
    raise BadInputError(
        f"Expected span {last}, received {span}: {root} holds {held}, and later spans were placed by what the "
        "earlier ones hold. To import anew from the first, choose another folder."
    )
