"""Making children of the images of a split: from records or a data set to a source that can be imported."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from data.audit.shortcuts import PairAudit
from data.defaults import MAX_SYNTHETIC_CUE_AUC
from data.errors import BadInputError
from data.example import LABEL_NAMES
from data.progress import Progress
from data.synthesis.auditing import MOST_PAIRS, Pair, audit_pairs
from data.synthesis.drawing import parents_of_children
from data.synthesis.gallery import MOST_SHOWN, Shown, write_gallery
from data.synthesis.journal import Journal
from data.synthesis.maker import Maker
from data.synthesis.making import make_children
from data.synthesis.opening import open_parents
from data.synthesis.output import AUDIT_FILE, GALLERY_FILE, MANIFEST_FILE, open_output, write_json
from data.synthesis.parents import Parents, Read

_VERSION = 1


@dataclass(frozen=True)
class Synthesis:
    """What was done.

    Attributes:
        made: images made by this call.
        reused: images that an earlier one had made.
        seconds: this call's.
        labels: images by the name of their label.
        parents: images that may be edited.
        refused: images that cannot be, by reason.
        audit: parents (as real) against children (as fake); None where there are too few to tell.
        gallery: the page of parents and children.
        manifest: the list to import; None where the audit keeps it back.
    """

    made: int
    reused: int
    seconds: float
    labels: dict[str, int]
    parents: int
    refused: dict[str, int]
    audit: PairAudit | None
    gallery: Path
    manifest: Path | None


def synthesize(
    maker: Maker,
    source: str | Path,
    out_dir: str | Path,
    count: int,
    seed: int = 0,
    split: str = "train",
    bound: float = MAX_SYNTHETIC_CUE_AUC,
    accept_shortcuts: bool = False,
    progress: Progress | None = None,
) -> Synthesis:
    """Makes ``count`` images, or those of them that an earlier call has not made.

    The same arguments give the same images and the same manifest, however often the work was interrupted. Each image
    that may be edited is edited once before any is edited twice.

    Args:
        maker: of the images; the caller closes it.
        source: imported records, or a data set on disk whose images have splits of their own.
        out_dir: a new or empty folder, or one of an earlier call with the same arguments but a smaller ``count``.
        count: of images, at least 1.
        seed: 0 or more; another one draws other parents and other edits.
        split: train, or test for a slice of an evaluation.
        bound: largest AUC with which a cue may tell children from parents.
        accept_shortcuts: write the manifest even if a cue tells more, and the maker changes the label.
        progress: called as ``progress(step, done, total)`` with the steps read, make and audit.

    Raises:
        BadInputError: there is nothing to edit; ``out_dir`` holds something else, or more; another call is at work in
            it; or the images changed meanwhile.
    """
    started = time.monotonic()
    if split not in ("train", "test"):
        raise BadInputError(
            f"Expected the split train or test, received {split}: nothing edits validation images."
        )
    if count < 1 or seed < 0:
        raise BadInputError(
            f"Expected a count of 1 or more and a seed of 0 or more, received {count} and {seed}."
        )
    parents = open_parents(source, split, maker.parent_labels)
    folder = Path(out_dir).expanduser().resolve()
    if not parents.is_apart_from(folder):
        raise BadInputError(
            f"Expected an output folder apart from {parents.root}, received {folder}. Choose another."
        )
    open_output(folder, _asked(maker, parents, seed, split))
    drawn = np.fromiter(islice(parents_of_children(parents, seed), count), np.int64, count)
    with Journal(folder) as journal:
        journal.sweep()
        if journal.children() and max(journal.children()) >= count:
            raise BadInputError(
                f"Expected a count of {max(journal.children()) + 1} or more, received {count}: {folder} holds so "
                "many images. Ask for as many, or choose another folder."
            )
        work = _Work(maker, parents, folder, journal, drawn, seed, progress)
        intact = set(journal.intact())
        missing = [child for child in range(count) if child not in intact]
        if missing:
            # Whatever is listed has been audited as a whole.
            (folder / MANIFEST_FILE).unlink(missing_ok=True)
            work.make(missing)
        audit = work.show(bound)
        is_kept_back = (
            audit is not None and audit.suspects and maker.label is not None and not accept_shortcuts
        )
        if is_kept_back:
            (folder / MANIFEST_FILE).unlink(missing_ok=True)
        else:
            work.list()
        labels = work.labels()
    return Synthesis(
        made=len(missing),
        reused=count - len(missing),
        seconds=round(time.monotonic() - started, 3),
        labels=labels,
        parents=len(parents),
        refused=parents.refused,
        audit=audit,
        gallery=folder / GALLERY_FILE,
        manifest=None if is_kept_back else folder / MANIFEST_FILE,
    )


def _asked(maker: Maker, parents: Parents, seed: int, split: str) -> dict:
    return {
        "version": _VERSION,
        "maker": maker.name,
        "settings": json.loads(json.dumps(maker.settings())),
        "model": maker.model,
        "revision": maker.revision,
        "seed": seed,
        "split": split,
        "parents": parents.fingerprint,
    }


@dataclass(frozen=True)
class _Work:
    maker: Maker
    parents: Parents
    folder: Path
    journal: Journal
    drawn: np.ndarray
    seed: int
    progress: Progress | None

    def make(self, missing: Sequence[int]) -> None:
        """Makes children, a batch at a time."""
        done = len(self.drawn) - len(missing)
        self._tell("make", done, len(self.drawn))
        with self._reading(missing) as read:
            for start in range(0, len(missing), self.maker.batch_size):
                batch = missing[start : start + self.maker.batch_size]
                numbered = {child: int(self.drawn[child]) for child in batch}
                self.journal.write(make_children(self.maker, numbered, read, self.seed))
                done += len(batch)
                self._tell("make", done, len(self.drawn))

    def show(self, bound: float) -> PairAudit | None:
        """Audits pairs, and shows some of them."""
        # Each parent once: a second child of it would prove less than it seems.
        distinct = min(len(self.drawn), len(set(self.drawn.tolist())))
        audited = _evenly(distinct, MOST_PAIRS)
        shown = _evenly(distinct, MOST_SHOWN)
        with self._reading([*audited, *shown]) as read:
            audit = audit_pairs(self._pairs(audited, read), bound)
            write_json(
                self.folder / AUDIT_FILE,
                {"bound": bound, "audit": None if audit is None else audit.as_dict()},
            )
            pairs = (Shown(read(int(self.drawn[child])), *self._child(child)) for child in shown)
            write_gallery(self.folder / GALLERY_FILE, self.maker, pairs, len(self.drawn), audit, bound)
        return audit

    def list(self) -> None:
        """Writes the manifest."""
        path = self.folder / MANIFEST_FILE
        partial = path.with_name(f".{path.name}.partial")
        with open(partial, "w", encoding="utf-8") as file:
            for child in range(len(self.drawn)):
                file.write(json.dumps(self.journal.row(child)) + "\n")
        partial.replace(path)

    def labels(self) -> dict[str, int]:
        """Images by the name of their label."""
        found = dict.fromkeys(LABEL_NAMES.values(), 0)
        for child in range(len(self.drawn)):
            found[self.journal.row(child)["label"]] += 1
        return {name: count for name, count in found.items() if count}

    def _pairs(self, children: Sequence[int], read: Read) -> Iterator[Pair]:
        for done, child in enumerate(children):
            parent = read(int(self.drawn[child]))
            yield Pair(parent.encoded, self._child(child)[0], parent.group)
            self._tell("audit", done + 1, len(children))

    def _child(self, child: int) -> tuple[bytes, dict]:
        row = self.journal.row(child)
        return (self.folder / row["path"]).read_bytes(), row

    def _reading(self, children: Sequence[int]):
        return self.parents.reading({int(self.drawn[child]) for child in children}, self.progress)

    def _tell(self, step: str, done: int, total: int) -> None:
        if self.progress:
            self.progress(step, done, total)


def _evenly(total: int, most: int) -> list[int]:
    """At most ``most`` numbers below ``total``, evenly spread."""
    count = min(total, most)
    return [number * total // count for number in range(count)]
