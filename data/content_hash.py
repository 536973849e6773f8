"""Names the content of imported records."""

import hashlib
import json
from pathlib import Path

from data.card import read_cards
from data.record_folder import SCHEMA_FILE


def content_hash(records: Path) -> str:
    """Names the content of imported records, and the schema beside them: 8 hexadecimal digits.

    Raises:
        BadInputError: they are no import.
    """
    content = hashlib.sha256()
    for card in read_cards(records):
        content.update(json.dumps([shard["sha256"] for shard in card.shards]).encode())
    # It may be edited, and what is taken from the records has a copy of it.
    schema = (records / SCHEMA_FILE).read_bytes()
    content.update(hashlib.sha256(schema).hexdigest()[:16].encode())
    return content.hexdigest()[:8]
