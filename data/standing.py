"""What a folder of records holds before a further span comes to it."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from data.card import read_cards
from data.errors import BadInputError
from data.image_table import read_table
from data.images.harmonising import Form
from data.options import ImportOptions
from data.record_folder import span_folder
from data.schema import read_schema


@dataclass(frozen=True)
class Standing:
    """Earlier spans.

    Attributes:
        span: number of the span that comes.
        table: all images of the earlier ones, see :mod:`data.image_table`; None where there are none.
        schema: what lies beside the records; None where there are none yet.
        form: what the images of the earlier spans were brought to; None where their bytes are as they came.
    """

    span: int = 1
    table: pa.Table | None = None
    schema: schema_pb2.Schema | None = None
    form: Form | None = None


def read_standing(root: Path, span: int, options: ImportOptions) -> Standing:
    """Reads what the spans before ``span`` hold.

    Raises:
        BadInputError: they are a subset, were harmonised where the new span would not be (or the other way round),
            or cannot be read.
    """
    cards = read_cards(root)[: span - 1]
    if any(card.subset for card in cards):
        raise BadInputError(
            f"Expected a whole import to add a span to, received the subset {cards[0].subset} at {root}. Add it to "
            "the whole, and take the subset again."
        )
    harmonised = cards[0].harmonised
    if bool(harmonised) != bool(options.harmonise):
        were, add = ("", "with") if harmonised else ("not ", "without")
        raise BadInputError(
            f"Expected a span like the earlier ones, which were {were}harmonised: how an image was saved would tell "
            f"its span, and often its label. Import it {add} --harmonise."
        )
    return Standing(
        span,
        pa.concat_tables([read_table(span_folder(root, card.span)) for card in cards]),
        read_schema(root),
        Form(**harmonised) if harmonised else None,
    )
