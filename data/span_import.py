"""Importing one span: from the files of a source to the records and lists of its folder."""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute

from data.audit.shortcuts import PairAudit, ShortcutError, audit_shortcuts
from data.card import DatasetCard, write_card
from data.describing import describe_import
from data.errors import BadInputError
from data.fingerprint import source_fingerprint
from data.image_table import numbers, synthetic_parents, values, with_columns, write_table
from data.images.harmonising import Form, common_form
from data.images.perceptual_hash import CROPS, packed_hashes
from data.import_lists import quarantined, write_leaks, write_quarantine
from data.inherited_columns import with_inherited_columns
from data.options import ImportOptions
from data.partition.images import NO_IMAGES, Images
from data.partition.placing import Placing, place_images
from data.progress import Progress
from data.quarantine import check_share
from data.schema import domains, unknown_to
from data.shards import ShardWriter, new_facts_of, plan_shards
from data.sources import ImageSource
from data.standing import Standing


def import_span(
    source: ImageSource,
    folder: Path,
    standing: Standing,
    options: ImportOptions,
    scratch: Path,
    progress: Progress | None,
) -> DatasetCard:
    """Imports a source into the empty ``folder`` of a span.

    Args:
        source: what to import.
        folder: takes records, table, lists and card.
        standing: what the earlier spans hold.
        options: settings.
        scratch: an empty folder that all workers can write to.
        progress: see :func:`data.importing.import_images`.

    Raises:
        BadInputError: see :func:`data.importing.import_images`.
    """
    from data.beam_passes import inspect_images, write_shards

    fingerprint = source_fingerprint(source, options)
    found = inspect_images(source, options.limits, options.beam_args, scratch, progress)
    found = _with_conflicts_refused(found, standing)
    _check_refused(found, options)
    if progress:
        progress("group", 0, len(found))
    found, placing = _placed(found, standing, options)
    _check_refused(found, options)
    kept = found.filter(compute.is_null(found.column("reason")))
    if progress:
        progress("group", len(found), len(found))

    shortcuts_before = _audited(kept, standing, options)
    form = _form(kept, standing, options)
    if form is None:
        _check_shortcuts(shortcuts_before, options)
    shards, order = plan_shards(kept, options.images_per_shard, options.seed, scratch)
    writer = ShardWriter(str(folder), options.limits, standing.span, form)
    written = write_shards(shards, writer, options.beam_args, scratch, progress)
    _check_unchanged(written)
    kept = kept.take(pa.array(order))
    shortcuts = shortcuts_before
    if form is not None:
        kept = with_columns(kept, new_facts_of(shards))
        shortcuts = _audited(kept, standing, options)
        _check_shortcuts(shortcuts, options)

    card = describe_import(
        source,
        found,
        kept,
        placing,
        options,
        span=standing.span,
        shortcuts=[one.as_dict() for one in shortcuts],
        shortcuts_before=[one.as_dict() for one in shortcuts_before] if form else [],
        harmonised=dataclasses.asdict(form) if form else None,
        shards=[{key: shard[key] for key in ("file", "split", "images", "sha256")} for shard in written],
        fingerprint=fingerprint,
    )
    if standing.schema is not None and not options.extend_schema:
        card = dataclasses.replace(card, unknown=tuple(unknown_to(standing.schema, *domains([card]))))
    write_quarantine(folder, quarantined(found))
    write_leaks(folder, found, placing.leaks)
    write_table(folder, kept)
    write_card(folder, card)
    return card


def _with_conflicts_refused(found: pa.Table, standing: Standing) -> pa.Table:
    """Refuses images of equal bytes and unequal labels, within this span or with an earlier one.

    Where some of them were made of others, which is to change nothing about those, only these are refused.
    """
    before = {}
    if standing.table is not None:
        before = dict(
            zip(values(standing.table, "source_sha256"), values(standing.table, "label"), strict=True)
        )
    names, labels, digests = (values(found, column) for column in ("name", "label", "sha256"))
    parents = synthetic_parents(found)
    holders = defaultdict(list)
    for position, digest in enumerate(digests):
        if digest is not None:
            holders[digest].append(position)
    refused = {}
    for digest, positions in holders.items():
        originals = [position for position in positions if parents[position] is None]
        if len({labels[position] for position in positions}) > 1:
            agree = len({labels[position] for position in originals}) == 1
            for position in positions:
                if agree and labels[position] == labels[originals[0]]:
                    continue
                others = [names[other] for other in positions if other != position][:3]
                refused[position] = ("conflicting_label", f"same bytes as {', '.join(others)}")
        elif before.get(digest, labels[positions[0]]) != labels[positions[0]]:
            detail = "same bytes as an image of an earlier span"
            refused |= dict.fromkeys(positions, ("conflicting_label", detail))
    return _refuse(found, refused)


def _refuse(found: pa.Table, refused: Mapping[int, tuple[str, str]]) -> pa.Table:
    reasons, details = values(found, "reason"), values(found, "detail")
    for position, (reason, detail) in refused.items():
        reasons[position], details[position] = reason, detail
    return with_columns(found, {"reason": reasons, "detail": details})


def _check_refused(found: pa.Table, options: ImportOptions) -> None:
    # Leaks are left out on request, and count for no fault of the data.
    faults = [item for item in quarantined(found) if item.reason != "leak"]
    check_share(faults, len(found), options.max_quarantined_share)


def _placed(found: pa.Table, standing: Standing, options: ImportOptions) -> tuple[pa.Table, Placing]:
    """The table with what places its images; positions in the placing are rows of the whole table."""
    rows = np.flatnonzero(found.column("reason").is_null().to_numpy())
    good = found.take(pa.array(rows))
    placing = place_images(
        _images(
            good,
            digests=values(good, "sha256"),
            splits=values(good, "official_split") if options.official_splits else [None] * len(good),
        ),
        shares=options.shares,
        seed=options.seed,
        radius=options.group_radius,
        drop_leaks=options.drop_leaks,
        earlier=_earlier(standing),
    )
    columns = {"group": placing.groups, "split": placing.splits, "near_copy": placing.near_copies.tolist()}
    found = _refuse(found, {int(rows[position]): why for position, why in placing.refused.items()})
    for name, known in columns.items():
        column = np.full(len(found), None, dtype=object)
        column[rows] = known
        found = with_columns(found, {name: column.tolist()})
    # Of harmonised images `sha256` becomes another one, and copies are known by what came.
    found = with_columns(found, {"source_sha256": values(found, "sha256")})
    found = with_inherited_columns(found, rows.tolist(), placing.parents, standing.table)
    leaks = [[int(rows[position]) for position in leak] for leak in placing.leaks]
    return found, dataclasses.replace(placing, leaks=leaks)


def _images(
    table: pa.Table, digests: Sequence[str], splits: Sequence[str | None], **given: Sequence[str]
) -> Images:
    return Images(
        sha256=digests,
        hashes=packed_hashes(values(table, "perceptual_hash")),
        crops=packed_hashes(values(table, "cropped_hashes")).reshape(len(table), len(CROPS), -1),
        # Two data sets may both have a photo 1.
        known_groups=[
            None if group is None else (source, group)
            for source, group in zip(values(table, "source"), values(table, "known_group"), strict=True)
        ],
        labels=values(table, "label"),
        splits=splits,
        parents=synthetic_parents(table),
        **given,
    )


def _earlier(standing: Standing) -> Images:
    table = standing.table
    if table is None:
        return NO_IMAGES
    digests, splits, groups, stored = (
        values(table, column) for column in ("source_sha256", "split", "group", "sha256")
    )
    return _images(table, digests, splits, groups=groups, stored=stored)


def _form(kept: pa.Table, standing: Standing, options: ImportOptions) -> Form | None:
    if options.harmonise is None or standing.form is not None:
        return standing.form
    return common_form(
        np.minimum(numbers(kept, "width"), numbers(kept, "height")),
        values(kept, "jpeg_quality"),
        options.harmonise.size,
        options.harmonise.quality,
    )


def _audited(kept: pa.Table, standing: Standing, options: ImportOptions) -> list[PairAudit]:
    """Audits the spans together: a delivery of fakes alone tells nothing by itself."""
    if standing.table is not None:
        kept = pa.concat_tables([standing.table, kept.select(standing.table.column_names)])
    return audit_shortcuts(kept, options.max_cue_auc)


def _check_shortcuts(audits: Sequence[PairAudit], options: ImportOptions) -> None:
    sentences = [sentence for audit in audits for sentence in audit.sentences()]
    if options.strict and sentences:
        raise ShortcutError(sentences, options.max_cue_auc)


def _check_unchanged(written: Sequence[dict]) -> None:
    changed = [name for shard in written for name in shard["changed"]]
    if changed:
        raise BadInputError(
            f"Expected the source to stay as it is during the import, but {len(changed)} files changed or "
            f"vanished, such as {', '.join(changed[:3])}. Import again once nothing writes to the folder."
        )
