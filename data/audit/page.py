"""The audit as one page: dataset card, shortcuts, statistics, and TFDV's Facets."""

from collections.abc import Sequence
from pathlib import Path

from data.audit.records import RecordsAudit
from data.audit.statistics import facets_html, feature_rows, split_statistics
from data.errors import BadInputError
from data.example import SPLITS
from data.pages.templates import page_templates
from data.quarantine import REASONS
from data.schema import read_schema

_TEMPLATES = page_templates(Path(__file__).parent)


def write_page(audit: RecordsAudit, records: Path, page: Path, beam_args: Sequence[str]) -> None:
    """Writes the page: a file of its own but for Facets, whose code a browser loads from the network.

    Args:
        audit: of these records.
        records: folder of records.
        page: the file to write; an older one is replaced.
        beam_args: Beam pipeline arguments, for the statistics.

    Raises:
        BadInputError: the schema beside the records has been broken, or there is no folder for the page.
    """
    if not page.absolute().parent.is_dir():
        raise BadInputError(
            f"Expected a page in a folder that exists, received {page}. Make the folder first."
        )
    statistics = split_statistics(records, read_schema(records), beam_args)
    text = _TEMPLATES.get_template("page.html").render(
        records=records,
        cards=audit.cards,
        shortcuts=audit.shortcuts,
        bound=audit.bound,
        warnings=[sentence for one in audit.shortcuts for sentence in one.sentences()],
        reasons=REASONS,
        splits=SPLITS,
        features=feature_rows(statistics),
        facets=facets_html(statistics),
    )
    partial = page.with_name(f".{page.name}.partial")
    partial.write_text(text, encoding="utf-8", errors="replace")
    partial.replace(page)
