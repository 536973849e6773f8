"""Importing a data set: from files of images to a folder of records."""

import tempfile
from pathlib import Path

from tensorflow_metadata.proto.v0 import schema_pb2

from data.atomic_folder import atomic_folder
from data.card import DatasetCard, is_imported, read_card, read_cards
from data.errors import BadInputError
from data.fingerprint import source_fingerprint
from data.options import ImportOptions
from data.progress import Progress
from data.record_folder import check_next_span, check_ours, check_replaceable, span_folder
from data.schema import dataset_schema, domains, extended_schema, read_schema, with_synthetic, write_schema
from data.sources import MANIFESTS, ImageSource, open_source
from data.span_import import import_span
from data.standing import Standing, read_standing


def import_images(
    source: str | Path | ImageSource,
    out_dir: str | Path,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
    span: int | None = None,
) -> DatasetCard:
    """Imports the images of ``source`` into ``out_dir``: all of it, or nothing.

    Every image found is either written to a record or listed in ``quarantine.jsonl``. Importing the same files with
    the same options gives the same record files, byte for byte.

    Args:
        source: a folder, zip archive or manifest, or a source opened by :func:`data.sources.open_source`.
        out_dir: a folder of records, see :mod:`data.record_folder`.
        options: settings; the defaults where None.
        progress: called as ``progress(step, done, total)`` with the steps inspect, group and write.
        span: number of the delivery, if ``out_dir`` shall keep the earlier ones; with None an earlier import of one
            span is replaced. A schema that was edited by hand is kept in either case.

    Returns:
        The card that was written.

    Raises:
        BadInputError: the source does not have its layout; too many images, or all, are unusable; a split would
            lack a class; a shortcut was found and ``options.strict`` is set; ``out_dir`` holds something else; or
            a file changed while it was imported.
    """
    options = options or ImportOptions()
    if not isinstance(source, ImageSource):
        source = open_source(source, options.layout, options.margin)
    root = Path(out_dir).expanduser().resolve()
    _check_apart(root, source)
    if span is None:
        check_replaceable(root)
        return _import_first(source, root, options, progress)
    check_ours(root)
    check_next_span(root, span)
    if span == 1:
        return _import_first(source, root, options, progress)
    standing = read_standing(root, span, options)
    with (
        atomic_folder(span_folder(root, span)) as folder,
        tempfile.TemporaryDirectory(dir=folder.parent) as scratch,
    ):
        card = import_span(source, folder, standing, options, Path(scratch), progress)
    # Only now: a schema that knows of a span that is not there would let anything like it pass.
    if options.extend_schema:
        write_schema(root, extended_schema(standing.schema, *domains([card])))
    elif card.synthetic:
        write_schema(root, with_synthetic(standing.schema))
    return card


def is_up_to_date(source: str | Path, out_dir: str | Path, options: ImportOptions | None = None) -> bool:
    """Whether ``out_dir`` holds what importing ``source`` with these options would give.

    Opens no image: compares :func:`data.fingerprint.source_fingerprint` with the card's.
    """
    options = options or ImportOptions()
    if not is_imported(out_dir):
        return False
    try:
        card = read_card(out_dir)
        return card.fingerprint == source_fingerprint(
            open_source(source, options.layout, options.margin), options
        )
    except BadInputError:  # A card of another version: import anew.
        return False


def _import_first(
    source: ImageSource, root: Path, options: ImportOptions, progress: Progress | None
) -> DatasetCard:
    edited = _edited_schema(root)
    with (
        atomic_folder(root) as folder,
        tempfile.TemporaryDirectory(dir=folder.parent) as scratch,
    ):
        target = span_folder(folder, 1)
        target.mkdir()
        card = import_span(source, target, Standing(), options, Path(scratch), progress)
        if edited is None:
            schema = dataset_schema(*domains([card]), options.limits.grey_allowed)
        else:
            schema = extended_schema(edited, *domains([card]))
        write_schema(folder, schema)
    return card


def _edited_schema(root: Path) -> schema_pb2.Schema | None:
    """The schema of an earlier import at ``root``, if somebody has changed it since."""
    if not is_imported(root):
        return None
    try:
        cards, schema = read_cards(root), read_schema(root)
    except BadInputError:  # Of another version, or broken: it is to be replaced.
        return None
    made = dataset_schema(*domains(cards), any(card.options["limits"]["grey_allowed"] for card in cards))
    return None if schema == made else schema


def _check_apart(target: Path, source: ImageSource) -> None:
    try:
        str(target).encode()
    except UnicodeEncodeError:
        raise BadInputError(
            f"Expected a folder whose name is UTF-8, as TFX can read no other, received {target!r}."
        ) from None
    holder = source.root
    # A manifest takes what it lists, whatever else comes to lie beside it.
    if holder.is_relative_to(target) or (target.is_relative_to(holder) and source.layout not in MANIFESTS):
        raise BadInputError(
            f"Expected source and target apart from each other, received {holder} and {target}. "
            "Choose an output folder beside the images."
        )
