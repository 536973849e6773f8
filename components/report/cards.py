"""The dataset cards of a run's records, read where the report is written, wherever the records lie."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from components.progress import tell
from data.card import is_imported, read_cards
from data.content_hash import content_hash
from data.record_folder import CARD_FILE, SCHEMA_FILE


def read_records_facts(records: str) -> tuple[tuple[dict[str, Any], ...], str | None]:
    """The cards of imported records, a span each, and what names their content.

    Args:
        records: folder of the records, a path or any URI that TensorFlow reads.

    Returns:
        Nothing and None for records from elsewhere, and, told as a line of progress, for those that cannot be
        reached from here.

    Raises:
        BadInputError: a card is of another version of this project.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(_on_this_machine(records))
        except (tf.errors.OpError, OSError) as error:
            tell(
                f"the report has no dataset card: the records at {records} cannot be read from here ({error})"
            )
            return (), None
        if not is_imported(folder):
            return (), None
        return tuple(dataclasses.asdict(card) for card in read_cards(folder)), content_hash(folder)


@contextlib.contextmanager
def _on_this_machine(records: str) -> Iterator[Path]:
    """A folder that holds at least the cards and the schema of the records; there while the block runs."""
    if "://" not in records:
        yield Path(records)
        return
    with tempfile.TemporaryDirectory() as scratch:
        root = records.rstrip("/")
        for file in tf.io.gfile.glob([f"{root}/span-*/{CARD_FILE}", f"{root}/{SCHEMA_FILE}"]):
            copy = Path(scratch) / file.removeprefix(f"{root}/")
            copy.parent.mkdir(exist_ok=True)
            tf.io.gfile.copy(file, str(copy))
        yield Path(scratch)
