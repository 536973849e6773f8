"""Importing a data set: from a folder of images to records, a card and a quarantine list."""

import hashlib
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from data.atomic_folder import atomic_folder
from data.card import CARD_FILE, DatasetCard, is_imported, read_card, write_card
from data.errors import BadInputError
from data.example import LABEL_MAP, LABEL_NAMES, SPLITS
from data.fingerprint import source_fingerprint
from data.groups import group_images
from data.inspection import Inspected
from data.options import ImportOptions
from data.progress import Progress
from data.quarantine import QUARANTINE_FILE, Quarantined, check_share, write_quarantine
from data.shards import Placed, plan_shards
from data.sources import ImageSource, open_source
from data.splits import assign_splits, check_every_class


def import_images(
    source: str | Path | ImageSource,
    out_dir: str | Path,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> DatasetCard:
    """Imports the images of ``source`` into ``out_dir``: all of it, or nothing.

    Every file found is either written to a record or listed in ``quarantine.jsonl``. Importing the same files
    with the same options gives the same record files, byte for byte. An earlier import at ``out_dir`` is
    replaced.

    Args:
        source: a folder, or a source opened by :func:`data.sources.open_source`.
        out_dir: where ``{train,val,test}-NNNNN-of-NNNNN.tfrecord.gz``, ``dataset_card.json`` and
            ``quarantine.jsonl`` shall stand.
        options: settings; the defaults where None.
        progress: called as ``progress(step, done, total)`` with the steps inspect, group and write.

    Returns:
        The card that was written.

    Raises:
        BadInputError: the source does not have its layout; too many files, or all, are unusable; a split
            would lack a class; ``out_dir`` holds something else; or a file changed while it was imported.
    """
    from data.beam_passes import inspect_images, write_shards

    options = options or ImportOptions()
    if not isinstance(source, ImageSource):
        source = open_source(source, options.layout)
    target = Path(out_dir).expanduser().resolve()
    _check_target(target, source.root)
    fingerprint = source_fingerprint(source.root, options)
    images = list(source)

    with atomic_folder(target) as folder, tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        scratch = Path(scratch)
        inspected = inspect_images(images, options.limits, options.beam_args, scratch, progress)
        good, refused = _part(inspected)
        check_share(refused, len(inspected), options.max_quarantined_share)
        if progress:
            progress("group", 0, len(good))
        placed = _place(good, options)
        if progress:
            progress("group", len(good), len(good))
        shards = plan_shards(placed, options.images_per_shard, options.seed)
        written = write_shards(shards, folder, options.limits.max_bytes, options.beam_args, scratch, progress)
        _check_unchanged(written)
        card = _make_card(source, inspected, placed, refused, written, options, fingerprint)
        write_quarantine(folder, refused)
        write_card(folder, card)
    return card


def is_up_to_date(source: str | Path, out_dir: str | Path, options: ImportOptions | None = None) -> bool:
    """Whether ``out_dir`` holds what importing the folder ``source`` with these options would give.

    Opens no image: compares :func:`data.fingerprint.source_fingerprint` with the card's.
    """
    if not is_imported(out_dir):
        return False
    try:
        return read_card(out_dir).fingerprint == source_fingerprint(source, options)
    except BadInputError:  # A card of another version: import anew.
        return False


def _check_target(target: Path, source: Path) -> None:
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise BadInputError(
            f"Expected source and target apart from each other, received {source} and {target}. "
            "Choose an output folder beside the images."
        )
    if target.exists() and not target.is_dir():
        raise BadInputError(f"Expected a new folder or an earlier import at {target}, found a file.")
    if not target.exists():
        return
    foreign = [path.name for path in sorted(target.iterdir()) if not _is_ours(path)]
    if foreign:
        raise BadInputError(
            f"Expected a new or empty folder, or an earlier import, at {target}; "
            f"found {', '.join(foreign[:5])}{f' and {len(foreign) - 5} more' if len(foreign) > 5 else ''}. "
            "Choose another output folder: this one would be replaced."
        )


def _is_ours(path: Path) -> bool:
    is_shard = path.name.endswith(".tfrecord.gz") and path.name.startswith(
        tuple(f"{split}-" for split in SPLITS)
    )
    return path.is_file() and (is_shard or path.name in (CARD_FILE, QUARANTINE_FILE))


def _part(inspected: Sequence[Inspected]) -> tuple[list[Inspected], list[Quarantined]]:
    """Parts the usable images from the refused ones, among them equal bytes with unequal labels."""
    labels_of = defaultdict(set)
    names_of = defaultdict(list)
    for item in inspected:
        if item.facts:
            labels_of[item.facts.sha256].add(item.image.label)
            names_of[item.facts.sha256].append(item.image.name)
    good, refused = [], []
    for item in inspected:
        name, label = item.image.name, item.image.label
        if item.facts is None:
            refused.append(Quarantined(name, label, item.reason, item.detail))
        elif len(labels_of[item.facts.sha256]) > 1:
            others = [other for other in names_of[item.facts.sha256] if other != name]
            detail = f"same bytes as {', '.join(others[:3])}"
            refused.append(Quarantined(name, label, "conflicting_label", detail))
        else:
            good.append(item)
    return good, refused


def _place(good: Sequence[Inspected], options: ImportOptions) -> list[Placed]:
    """Groups the images and gives each a split: the data set's own where it has one."""
    labels = [item.image.label for item in good]
    groups = group_images(
        [item.facts.sha256 for item in good],
        [item.facts.perceptual_hash for item in good],
        [item.image.group for item in good],
        options.group_radius,
    )
    official = [item.image.split for item in good]
    if all(official):
        splits = official
        check_every_class(splits, labels, groups)
    elif any(official):
        raise BadInputError(
            "Expected the source to name a split for every image or for none, "
            f"received {sum(map(bool, official))} of {len(official)}."
        )
    else:
        splits = assign_splits(groups, labels, options.shares, options.seed)
    return [Placed(*row) for row in zip(good, groups, splits, strict=True)]


def _check_unchanged(written: Sequence[dict]) -> None:
    changed = [name for shard in written for name in shard["changed"]]
    if changed:
        raise BadInputError(
            f"Expected the source to stay as it is during the import, but {len(changed)} files changed or "
            f"vanished, such as {', '.join(changed[:3])}. Import again once nothing writes to the folder."
        )


def _make_card(
    source: ImageSource,
    inspected: Sequence[Inspected],
    placed: Sequence[Placed],
    refused: Sequence[Quarantined],
    written: Sequence[dict],
    options: ImportOptions,
    fingerprint: str,
) -> DatasetCard:
    def count(value_of) -> dict[str, dict[str, int]]:
        table = {name: Counter() for name in LABEL_MAP}
        for item in placed:
            table[LABEL_NAMES[item.inspected.image.label]][value_of(item)] += 1
        return {name: dict(counter.most_common()) for name, counter in table.items()}

    by_label = count(lambda item: item.split)
    group_sizes = Counter(item.group for item in placed)
    splits_of = defaultdict(set)
    for item in placed:
        splits_of[item.group].add(item.split)
    return DatasetCard(
        name=source.root.name,
        layout=source.layout,
        found=len(inspected),
        kept=len(placed),
        quarantined=dict(Counter(item.reason for item in refused).most_common()),
        left_out=len(source.left_out()),
        splits={split: {name: by_label[name].get(split, 0) for name in LABEL_MAP} for split in SPLITS},
        formats=count(lambda item: item.inspected.facts.format),
        sizes=count(lambda item: f"{item.inspected.facts.width}x{item.inspected.facts.height}"),
        sources=count(lambda item: item.inspected.image.source),
        methods=count(lambda item: item.inspected.image.method),
        groups={
            "count": len(group_sizes),
            "largest": max(group_sizes.values()),
            "images_in_shared_groups": sum(size for size in group_sizes.values() if size > 1),
            "across_official_splits": sum(len(splits) > 1 for splits in splits_of.values()),
        },
        exact_copies=len(placed) - len({item.inspected.facts.sha256 for item in placed}),
        shards=[{key: shard[key] for key in ("file", "split", "images", "sha256")} for shard in written],
        options=options.as_dict(),
        source_hash=_source_hash(inspected),
        fingerprint=fingerprint,
    )


def _source_hash(inspected: Sequence[Inspected]) -> str:
    digest = hashlib.sha256()
    for item in inspected:
        content = item.facts.sha256 if item.facts else item.reason
        digest.update(f"{item.image.name}\0{content}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
