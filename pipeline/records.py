"""From what a user gives as `--data` to a folder of records."""

import dataclasses
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from data.card import MOST_VALUES, DatasetCard, is_imported, read_cards
from data.errors import BadInputError
from data.example import SPLITS
from data.images.decode_check import Limits
from data.images.shape import SMALLEST_FACE
from data.importing import import_images, is_up_to_date
from data.options import HarmoniseOptions, ImportOptions
from data.progress import Progress
from data.record_folder import holds_records, spans
from pipeline.beam import beam_args
from pipeline.beam.settings import BeamSettings
from pipeline.config import DataSettings
from pipeline.workspace import Workspace


def records_of(
    source: Path,
    settings: DataSettings,
    workspace: Workspace,
    progress: Progress | None = None,
    on_import: Callable[[DatasetCard], None] = lambda card: None,
    beam: BeamSettings | None = None,
) -> Path:
    """The records of a source: the source itself when it holds records, otherwise an import into the workspace.

    A source that has not changed since its last import is not imported again.

    Args:
        source: folder of imported records, or a source: a folder, a zip archive or a list of images.
        settings: how to import.
        workspace: takes the import.
        progress: see `data.importing.import_images`.
        on_import: called with the card if the source has been imported now.
        beam: where an import is done; None for this process.

    Raises:
        BadInputError: when it is neither, or cannot be imported.
        ConfigError: see `pipeline.beam.beam_args`.
    """
    source = source.expanduser().resolve()
    if not source.exists():
        raise BadInputError(
            "--data: expected a folder of images or of imported records, a zip archive or a list of images; there is "
            f"nothing at '{source}'."
        )
    if holds_records(source):
        return source
    # Two sources of one name must not replace each other.
    where = hashlib.sha256(os.fsencode(source)).hexdigest()[:8]
    target = workspace.records / f"{source.name}-{where}"
    options = import_options(settings, beam)
    if not is_up_to_date(source, target, options):
        on_import(import_images(source, target, options, progress))
    return target


def import_options(settings: DataSettings, beam: BeamSettings | None = None) -> ImportOptions:
    """The settings of a configuration, as `data` takes them."""
    train, validation, test = SPLITS
    return ImportOptions(
        shares={
            train: 1.0 - settings.validation_share - settings.test_share,
            validation: settings.validation_share,
            test: settings.test_share,
        },
        layout=settings.layout,
        seed=settings.seed,
        official_splits=settings.official_splits,
        drop_leaks=settings.drop_leaks,
        max_quarantined_share=settings.max_quarantined_share,
        limits=Limits(smallest_face=settings.smallest_face, grey_allowed=settings.allow_grey),
        max_cue_auc=settings.max_cue_auc,
        strict=settings.strict,
        harmonise=HarmoniseOptions() if settings.harmonise else None,
        beam_args=tuple(beam_args(beam)),
    )


@dataclasses.dataclass(frozen=True)
class RecordFacts:
    """What a run must know of its records: the number of spans, the least pixels of an image's shorter side, the
    annotated columns, and whether some images were made of others."""

    spans: int
    smallest_face: int
    columns: tuple[str, ...]
    synthetic: bool = False


def record_facts(records: Path) -> RecordFacts:
    """Reads the cards of imported records; records from elsewhere have none, and are one span.

    Raises:
        BadInputError: a card is of another version.
    """
    if not is_imported(records):
        return RecordFacts(len(spans(records)) or 1, SMALLEST_FACE, ())
    cards = read_cards(records)
    return RecordFacts(
        spans=len(cards),
        smallest_face=min(card.options["limits"]["smallest_face"] for card in cards),
        # Free text would make a slice of every image.
        columns=tuple(
            sorted(
                {
                    column
                    for card in cards
                    for column, counts in card.columns.items()
                    if len(counts) <= MOST_VALUES
                }
            )
        ),
        synthetic=any(card.synthetic for card in cards),
    )
