"""From what a user gives as `--data` to a folder of records."""

import hashlib
from pathlib import Path

from data.card import is_imported
from data.errors import BadInputError
from data.example import SPLITS
from data.importing import import_images, is_up_to_date
from data.options import ImportOptions
from data.progress import Progress
from pipeline.beam import beam_args
from pipeline.config import DataSettings
from pipeline.workspace import Workspace


def records_of(
    source: Path, settings: DataSettings, workspace: Workspace, progress: Progress | None = None
) -> Path:
    """The records of a source: the source itself when it holds records, otherwise an import into the workspace.

    A source that has not changed since its last import is not imported again.

    Args:
        source: folder of imported records, or a source folder.
        settings: how to import.
        workspace: takes the import.
        progress: see `data.importing.import_images`.

    Raises:
        BadInputError: when it is neither, or cannot be imported.
    """
    source = source.expanduser().resolve()
    if not source.is_dir():
        raise BadInputError(
            f"--data: expected a folder of images or of imported records, received '{source}'."
        )
    if _holds_records(source):
        return source
    # Two sources of one name must not replace each other.
    where = hashlib.sha256(str(source).encode()).hexdigest()[:8]
    target = workspace.records / f"{source.name}-{where}"
    options = import_options(settings)
    if not is_up_to_date(source, target, options):
        import_images(source, target, options, progress)
    return target


def import_options(settings: DataSettings) -> ImportOptions:
    """The settings of a configuration, as `data` takes them."""
    train, validation, test = SPLITS
    return ImportOptions(
        shares={
            train: 1.0 - settings.validation_share - settings.test_share,
            validation: settings.validation_share,
            test: settings.test_share,
        },
        seed=settings.seed,
        max_quarantined_share=settings.max_quarantined_share,
        beam_args=tuple(beam_args()),
    )


def _holds_records(folder: Path) -> bool:
    """Records may also come from elsewhere, without a card."""
    return is_imported(folder) or any(folder.glob(f"{SPLITS[0]}-*.tfrecord.gz"))
