"""Records for a cross-source evaluation: nothing of one source is learned from, and the test images stay the same."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.card import DatasetCard, read_cards
from data.errors import BadInputError
from data.example import LABEL_NAMES, SPLITS
from data.image_table import read_table, synthetic_parents, values
from data.part_records import check_apart, write_part
from data.progress import Progress
from data.record_folder import span_folder

_LEARNED_FROM, _TEST = SPLITS[:-1], SPLITS[-1]


@dataclass(frozen=True)
class LeftOut:
    """What leaving out a source comes to.

    Attributes:
        source: its name.
        images: images of the source left out, by split.
        related: images of other sources left out, by split, as test images of the source belong to their groups.
        kept: images kept, by split.
        tested: test images of the source.
    """

    source: str
    images: dict[str, int]
    related: dict[str, int]
    kept: dict[str, int]
    tested: int


def count_left_out(source: str, records: str | Path) -> LeftOut:
    """Looks what leaving out a source comes to; reads no image.

    Args:
        source: name of the source, as the records have it.
        records: an imported data set.

    Raises:
        BadInputError: see :func:`write_left_out`.
    """
    whole = _Whole.read(Path(records))
    kept = whole.kept(source)
    own, splits = whole.sources == source, whole.splits
    return LeftOut(
        source,
        images=_by_split(splits[~kept & own]),
        related=_by_split(splits[~kept & ~own]),
        kept=_by_split(splits[kept]),
        tested=int((own & (splits == _TEST)).sum()),
    )


def write_left_out(
    source: str, records: str | Path, out_dir: str | Path, progress: Progress | None = None
) -> list[DatasetCard]:
    """Copies records but for the training and validation images of one source: all of it, or nothing.

    The test split stays as it is. Where a split of the data set's own tears a group, training and validation images
    of other sources that are in a group with test images of this one are left out, too: near copies of what is
    tested would be learned from.

    Args:
        source: name of the source, as the records have it.
        records: an imported data set, with all its spans.
        out_dir: a new folder, or earlier records of one span, which are replaced.
        progress: called as ``progress("copy", done, total)``.

    Returns:
        The card of each span; their subset is named after the source left out.

    Raises:
        BadInputError: there is no such source, or no other; it has no test image; training or validation would lack
            a class; ``records`` is no import; or ``out_dir`` holds something else.
    """
    records, target = (Path(folder).expanduser().resolve() for folder in (records, out_dir))
    whole = _Whole.read(records)
    check_apart(target, records)
    sizes = np.cumsum([len(table) for table in whole.tables])[:-1]
    rows = [np.flatnonzero(own) for own in np.split(whole.kept(source), sizes)]
    name = f"all but {source} in {' and '.join(_LEARNED_FROM)}"
    return write_part(name, records, target, whole.cards, whole.tables, rows, progress)


@dataclass(frozen=True)
class _Whole:
    """All spans: cards and tables, and five columns over all images, span after span.

    The source of what was made of another image is that one's, whatever the list of its import said.
    """

    cards: list[DatasetCard]
    tables: list[pa.Table]
    sources: np.ndarray
    splits: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    originals: np.ndarray

    @classmethod
    def read(cls, records: Path) -> "_Whole":
        cards = read_cards(records)
        tables = [read_table(span_folder(records, card.span)) for card in cards]
        whole = pa.concat_tables(tables)
        sources, splits, labels, groups = (
            np.array(values(whole, name), object) for name in ("source", "split", "label", "group")
        )
        parents = synthetic_parents(whole)
        source_of = {
            digest: source
            for name in ("sha256", "source_sha256")
            for digest, source in zip(values(whole, name), sources, strict=True)
        }
        for row, parent in enumerate(parents):
            sources[row] = source_of.get(parent, sources[row])
        originals = np.array([parent is None for parent in parents])
        return cls(cards, tables, sources, splits, labels, groups, originals)

    def kept(self, source: str) -> np.ndarray:
        """Which images stay, bool; checks that what stays can be trained and tested on."""
        own, tested = self.sources == source, self.splits == _TEST
        self._check_source(source, own & tested & self.originals)
        in_test = set(self.groups[own & tested])
        related = np.array([group in in_test for group in self.groups])
        kept = tested | ~(own | related)
        for split in _LEARNED_FROM:
            found = set(self.labels[kept & self.originals & (self.splits == split)])
            if missing := [name for label, name in LABEL_NAMES.items() if label not in found]:
                raise BadInputError(
                    f"Expected images of both classes in {split} without the source '{source}', received no "
                    f"{' and no '.join(missing)} ones: no other source has any there. Add a source that has, or "
                    "leave out another one."
                )
        return kept

    def _check_source(self, source: str, tested: np.ndarray) -> None:
        there = sorted(set(self.sources))
        if source not in there:
            raise BadInputError(
                f"Expected a source to leave out among {', '.join(there)}, received '{source}'."
            )
        if len(there) == 1:
            raise BadInputError(
                f"Expected records of several sources to leave out '{source}', received records of this one alone. "
                "Import a further source as another span (`data import SOURCE --span 2`)."
            )
        if not tested.any():
            raise BadInputError(
                f"Expected test images of the source '{source}' to test on, received none. Leave out another source, "
                "or import anew so that each has a part in the test split."
            )


def _by_split(splits: np.ndarray) -> dict[str, int]:
    counts = Counter(splits.tolist())
    return {split: counts[split] for split in SPLITS if counts[split]}
