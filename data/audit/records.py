"""Auditing imported records once more, as a whole: the spans together, or with another bound."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from data.audit.shortcuts import PairAudit, ShortcutError, audit_shortcuts
from data.card import DatasetCard, read_cards
from data.defaults import MAX_CUE_AUC
from data.image_table import read_table
from data.record_folder import span_folder


@dataclass(frozen=True)
class RecordsAudit:
    """What an audit found: the cards of the spans, and what cues tell over all of them, at a bound."""

    cards: list[DatasetCard]
    shortcuts: list[PairAudit]
    bound: float

    def check(self) -> None:
        """Makes every shortcut an error.

        Raises:
            ShortcutError: there is one.
        """
        sentences = [sentence for audit in self.shortcuts for sentence in audit.sentences()]
        if sentences:
            raise ShortcutError(sentences, self.bound)


def audit_records(records: str | Path, bound: float = MAX_CUE_AUC) -> RecordsAudit:
    """Audits imported records.

    Args:
        records: a folder of records.
        bound: largest AUC of a cue that is tolerated, 0.5 to 1.

    Raises:
        BadInputError: the folder holds no import, or one of another version.
    """
    cards = read_cards(records)
    tables = [read_table(span_folder(Path(records), card.span)) for card in cards]
    return RecordsAudit(cards, audit_shortcuts(pa.concat_tables(tables), bound), bound)
