"""Importing a data set: from files of images to records, a card, and a list of what was refused."""

import dataclasses
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute
from tensorflow_metadata.proto.v0 import schema_pb2

from data.atomic_folder import atomic_folder
from data.audit.shortcuts import PairAudit, ShortcutError, audit_shortcuts
from data.card import DatasetCard, is_imported, read_card, write_card
from data.describing import describe_import
from data.errors import BadInputError
from data.fingerprint import source_fingerprint
from data.image_table import numbers, read_table, values, with_columns, write_table
from data.images.harmonising import Form, common_form
from data.images.perceptual_hash import CROPS, packed_hashes
from data.import_lists import quarantined, write_leaks, write_quarantine
from data.options import ImportOptions
from data.partition.placing import NO_IMAGES, Images, Placing, place_images
from data.progress import Progress
from data.quarantine import check_share
from data.record_folder import check_next_span, check_replaceable, span_folder, spans
from data.schema import dataset_schema, extended_schema, read_schema, unknown_to, write_schema
from data.shards import ShardWriter, new_facts_of, plan_shards
from data.sources import MANIFESTS, ImageSource, open_source


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
            span is replaced.

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
    _check_target(root, source)
    if span is not None:
        check_next_span(root, span)
    elif len(spans(root)) > 1:
        raise BadInputError(
            f"Expected a new folder, or an import of one span, at {root}; it holds {len(spans(root))} spans, which "
            f"would be lost. Add to them with --span {len(spans(root)) + 1}, or choose another folder."
        )
    is_first = span in (None, 1)
    with (
        atomic_folder(root if is_first else span_folder(root, span)) as folder,
        tempfile.TemporaryDirectory(dir=folder.parent) as scratch,
    ):
        if is_first:
            target = span_folder(folder, 1)
            target.mkdir()
            card = _import_span(source, target, 1, NO_IMAGES, None, options, Path(scratch), progress)
            write_schema(folder, dataset_schema(*_domains(card), options.limits.grey_allowed))
        else:
            schema, earlier = read_schema(root), _earlier(root, span)
            card = _import_span(source, folder, span, earlier, schema, options, Path(scratch), progress)
            if options.extend_schema:
                write_schema(root, extended_schema(schema, *_domains(card)))
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


def _import_span(
    source: ImageSource,
    folder: Path,
    span: int,
    earlier: Images,
    schema: schema_pb2.Schema | None,
    options: ImportOptions,
    scratch: Path,
    progress: Progress | None,
) -> DatasetCard:
    from data.beam_passes import inspect_images, write_shards

    fingerprint = source_fingerprint(source, options)
    found = inspect_images(source, options.limits, options.beam_args, scratch, progress)
    found = _with_conflicts_refused(found, earlier)
    check_share(quarantined(found), len(found), options.max_quarantined_share)
    if progress:
        progress("group", 0, len(found))
    found, placing = _placed(found, earlier, options)
    kept = found.filter(compute.is_null(found.column("reason")))
    if not len(kept):
        raise BadInputError(
            f"Expected at least one image that can be placed, but all {len(found)} were refused: "
            f"{quarantined(found)[0].detail}."
        )
    if progress:
        progress("group", len(found), len(found))

    shortcuts_before = audit_shortcuts(kept, options.max_cue_auc)
    form = _form(kept, options)
    if form is None:
        _check_shortcuts(shortcuts_before, options)
    shards, order = plan_shards(kept, options.images_per_shard, options.seed, scratch)
    writer = ShardWriter(str(folder), options.limits, span, form)
    written = write_shards(shards, writer, options.beam_args, scratch, progress)
    _check_unchanged(written)
    kept = kept.take(pa.array(order))
    shortcuts = shortcuts_before
    if form is not None:
        kept = with_columns(kept, new_facts_of(shards))
        shortcuts = audit_shortcuts(kept, options.max_cue_auc)
        _check_shortcuts(shortcuts, options)

    card = describe_import(
        source,
        found,
        kept,
        placing,
        options,
        span=span,
        shortcuts=[one.as_dict() for one in shortcuts],
        shortcuts_before=[one.as_dict() for one in shortcuts_before] if form else [],
        harmonised=dataclasses.asdict(form) if form else None,
        shards=[{key: shard[key] for key in ("file", "split", "images", "sha256")} for shard in written],
        fingerprint=fingerprint,
    )
    if schema is not None and not options.extend_schema:
        card = dataclasses.replace(card, unknown=tuple(unknown_to(schema, *_domains(card))))
    write_quarantine(folder, quarantined(found))
    write_leaks(folder, found, placing.leaks)
    write_table(folder, kept)
    write_card(folder, card)
    return card


def _with_conflicts_refused(found: pa.Table, earlier: Images) -> pa.Table:
    """Refuses images of equal bytes and unequal labels, within this span or with an earlier one."""
    before = dict(zip(earlier.sha256, earlier.labels, strict=True))
    names, labels, digests = (values(found, column) for column in ("name", "label", "sha256"))
    holders = defaultdict(list)
    for position, digest in enumerate(digests):
        if digest is not None:
            holders[digest].append(position)
    refused = {}
    for positions in holders.values():
        if len({labels[position] for position in positions}) > 1:
            for position in positions:
                others = [names[other] for other in positions if other != position][:3]
                refused[position] = ("conflicting_label", f"same bytes as {', '.join(others)}")
        elif before.get(digests[positions[0]], labels[positions[0]]) != labels[positions[0]]:
            for position in positions:
                refused[position] = ("conflicting_label", "same bytes as an image of an earlier span")
    return _refuse(found, refused)


def _refuse(found: pa.Table, refused: Mapping[int, tuple[str, str]]) -> pa.Table:
    reasons, details = values(found, "reason"), values(found, "detail")
    for position, (reason, detail) in refused.items():
        reasons[position], details[position] = reason, detail
    return with_columns(found, {"reason": reasons, "detail": details})


def _placed(found: pa.Table, earlier: Images, options: ImportOptions) -> tuple[pa.Table, Placing]:
    """The table with ``group`` and ``split``; positions in the placing are rows of the whole table."""
    rows = np.flatnonzero(found.column("reason").is_null().to_numpy())
    good = found.take(pa.array(rows))
    placing = place_images(
        _images(good, options.official_splits),
        shares=options.shares,
        seed=options.seed,
        radius=options.group_radius,
        drop_leaks=options.drop_leaks,
        earlier=earlier,
    )
    groups, splits = (np.full(len(found), None, dtype=object) for _ in range(2))
    groups[rows], splits[rows] = placing.groups, placing.splits
    found = _refuse(found, {int(rows[position]): why for position, why in placing.refused.items()})
    leaks = [[int(rows[position]) for position in leak] for leak in placing.leaks]
    return (
        with_columns(found, {"group": list(groups), "split": list(splits)}),
        dataclasses.replace(placing, leaks=leaks),
    )


def _images(table: pa.Table, official_splits: bool) -> Images:
    official = values(table, "official_split") if official_splits else [None] * len(table)
    return Images(
        sha256=values(table, "sha256"),
        hashes=packed_hashes(values(table, "perceptual_hash")),
        crops=packed_hashes(values(table, "cropped_hashes")).reshape(len(table), len(CROPS), -1),
        known_groups=values(table, "known_group"),
        labels=values(table, "label"),
        splits=official,
    )


def _earlier(root: Path, span: int) -> Images:
    """All images of the spans before this one."""
    table = pa.concat_tables([read_table(span_folder(root, number)) for number in range(1, span)])
    return dataclasses.replace(
        _images(table, official_splits=False), splits=values(table, "split"), groups=values(table, "group")
    )


def _form(kept: pa.Table, options: ImportOptions) -> Form | None:
    if options.harmonise is None:
        return None
    return common_form(
        np.minimum(numbers(kept, "width"), numbers(kept, "height")),
        values(kept, "jpeg_quality"),
        options.harmonise.size,
        options.harmonise.quality,
    )


def _check_shortcuts(audits: Sequence[PairAudit], options: ImportOptions) -> None:
    sentences = [sentence for audit in audits for sentence in audit.sentences()]
    if options.strict and sentences:
        raise ShortcutError(sentences, options.max_cue_auc)


def _domains(card: DatasetCard) -> tuple[list[str], dict[str, list[str]]]:
    """The sources of a data set, and the values of its annotated columns."""
    return (
        sorted({source for counts in card.sources.values() for source in counts}),
        {column: sorted(counts) for column, counts in card.columns.items()},
    )


def _check_target(target: Path, source: ImageSource) -> None:
    holder = source.tree.root
    # A manifest takes what it lists, whatever else comes to lie beside it.
    if holder.is_relative_to(target) or (target.is_relative_to(holder) and source.layout not in MANIFESTS):
        raise BadInputError(
            f"Expected source and target apart from each other, received {holder} and {target}. "
            "Choose an output folder beside the images."
        )
    check_replaceable(target)


def _check_unchanged(written: Sequence[dict]) -> None:
    changed = [name for shard in written for name in shard["changed"]]
    if changed:
        raise BadInputError(
            f"Expected the source to stay as it is during the import, but {len(changed)} files changed or "
            f"vanished, such as {', '.join(changed[:3])}. Import again once nothing writes to the folder."
        )
