"""Which images may be edited: those of one split, with certain labels, that are no edits themselves.

Only positions are kept in memory. What is wanted of imported records is copied once, in one pass over the split's
files, to a file without a name that vanishes with the process: a record in the middle of a gzip file cannot be
reached in any other way, and images are wanted in an order of their own. Images of a folder are read where they lie.
"""

import contextlib
import hashlib
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from data.card import is_imported
from data.errors import BadInputError
from data.example import LABEL_NAMES
from data.image_table import make_table, read_table, row_of, source_image, table_rows, values
from data.images.decode_check import Limits, decode_rgb, inspect_image
from data.progress import Progress
from data.quarantine import RejectedImageError
from data.reading import read_image
from data.record_folder import holds_records, record_files, span_folder, spans
from data.sources import MANIFESTS, ImageSource, SourceImage, open_source
from data.synthesis.maker import Parent

#: Column of the table of an import that names the maker of a synthetic image.
_MAKER_COLUMN = "synthetic_maker"

#: Images of one or two channels have no colours to edit, and a child in colours would stand out.
_COLOUR = 3

Read = Callable[[int], Parent]


class Parents(ABC):
    """The images that may be edited, by their position: 0 to ``len() - 1``.

    Attributes:
        root: what they were opened from, absolute.
        fingerprint: 64 hexadecimal digits; another where any of them, or their order, is another.
        refused: of those that were looked at, how many cannot be used, by reason (:data:`data.quarantine.REASONS`).
    """

    root: Path
    fingerprint: str
    refused: dict[str, int]

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def key(self, position: int) -> str:
        """What tells an image from others, on any machine and in any order."""

    def is_usable(self, position: int) -> bool:
        """Whether the image can be decoded and is large enough; notes in ``refused`` why not."""
        return True

    @abstractmethod
    def reading(
        self, positions: Collection[int], progress: Progress | None = None
    ) -> contextlib.AbstractContextManager[Read]:
        """Gives a function that reads any of ``positions``, in any order, as often as wanted.

        Raises:
            BadInputError: here or when reading: an image is not what was opened.
        """

    def is_apart_from(self, target: Path) -> bool:
        """Whether nothing that is written to ``target`` changes what is read, or the other way round."""
        return not (target.is_relative_to(self.root) or self.root.is_relative_to(target))


def open_parents(source: str | Path, split: str, labels: Sequence[int]) -> Parents:
    """Opens the images that may be edited.

    Args:
        source: imported records, or a data set on disk whose images have splits of their own.
        split: train, val or test.
        labels: of the images that are wanted.

    Raises:
        BadInputError: there is no such image, or its split is not known.
    """
    root = Path(source).expanduser().resolve()
    if is_imported(root):
        found: Parents = RecordParents(root, split, labels)
    elif holds_records(root):
        raise BadInputError(
            f"Expected records with the table of their import at {root}, found none in span-1/. Make them with "
            "`deepfake-inspector data import SOURCE --out DIR`."
        )
    else:
        found = SourceParents(open_source(root), split, labels)
    if not len(found):
        wanted = " or ".join(LABEL_NAMES[label] for label in labels)
        raise BadInputError(
            f"Expected {wanted} images that are no synthetic ones in the {split} split of {root}, found none."
        )
    return found


class RecordParents(Parents):
    """Images of imported records, of all spans.

    Args:
        root: the records.
        split: of the images.
        labels: of the images.

    Raises:
        BadInputError: the table of an import is missing or damaged.
    """

    def __init__(self, root: Path, split: str, labels: Sequence[int]):
        self.root, self._split = root, split
        self.refused: dict[str, int] = {}
        # The rows of a table stand in the order of the records, so a row's place within its split finds its record.
        self._span, self._place, self._sha256 = [], [], []
        for span in spans(root):
            table = read_table(span_folder(root, span))
            own = np.flatnonzero(np.array(values(table, "split")) == split)
            table = table.take(own)
            wanted = np.isin(values(table, "label"), labels) & (
                np.array(values(table, "channels"), dtype=int) >= _COLOUR
            )
            if _MAKER_COLUMN in table.column_names:
                wanted &= ~np.array([bool(maker) for maker in values(table, _MAKER_COLUMN)], dtype=bool)
            places = np.flatnonzero(wanted)
            self._span += [span] * len(places)
            self._place += places.tolist()
            digests = values(table, "sha256")
            self._sha256 += [bytes.fromhex(digests[place]) for place in places]
        self.fingerprint = hashlib.sha256(
            split.encode() + bytes(sorted(labels)) + b"".join(self._sha256)
        ).hexdigest()

    def __len__(self) -> int:
        return len(self._place)

    def key(self, position: int) -> str:
        return self._sha256[position].hex()

    @contextlib.contextmanager
    def reading(self, positions: Collection[int], progress: Progress | None = None) -> Iterator[Read]:
        from data.example import decode

        # Without a name, so that nobody has to sweep it away after a kill.
        with tempfile.TemporaryFile() as spool:
            stretches = self._spool(spool, positions, progress)

            def read(position: int) -> Parent:
                start, length = stretches[position]
                spool.seek(start)
                record = decode(spool.read(length))
                if hashlib.sha256(record.encoded).digest() != self._sha256[position]:
                    raise self._changed()
                if getattr(record, "synthetic", None) is not None:
                    raise self._changed()
                return Parent(
                    encoded=record.encoded,
                    pixels=decode_rgb(record.encoded),
                    label=record.label,
                    sha256=record.sha256,
                    group=record.group,
                    source=record.source,
                    method=record.method,
                    split=self._split,
                )

            yield read

    def _spool(
        self, spool, positions: Collection[int], progress: Progress | None
    ) -> dict[int, tuple[int, int]]:
        """Copies records, and returns where each begins and how long it is."""
        at = {(self._span[position], self._place[position]): position for position in positions}
        found: dict[int, tuple[int, int]] = {}
        for span in sorted({span for span, _ in at}):
            last = max(place for own, place in at if own == span)
            for place, serialized in enumerate(_serialized(span_folder(self.root, span), self._split)):
                position = at.get((span, place))
                if position is not None:
                    found[position] = (spool.tell(), len(serialized))
                    spool.write(serialized)
                    if progress:
                        progress("read", len(found), len(at))
                if place == last:
                    break
        if len(found) < len(at):
            raise self._changed()
        return found

    def _changed(self) -> BadInputError:
        return BadInputError(
            f"Expected the records of the import at {self.root}, received others: they have been changed since. "
            "Import again."
        )


def _serialized(folder: Path, split: str) -> Iterator[bytes]:
    import tensorflow as tf

    files = [str(path) for path in record_files(folder, split)]
    return tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()


class SourceParents(Parents):
    """Images of a data set that has splits of its own.

    Args:
        source: the data set.
        split: of the images.
        labels: of the images.

    Raises:
        BadInputError: an image is in no split, or the files do not have the layout.
    """

    def __init__(self, source: ImageSource, split: str, labels: Sequence[int]):
        self.root = source.root
        self._is_manifest = source.layout in MANIFESTS
        self._split = split
        self.refused = {}
        self._usable: dict[int, bool] = {}
        self._table = make_table(map(row_of, self._wanted(source, labels)))
        digest = hashlib.sha256(f"{source.layout}\0{split}\0{sorted(labels)}\0".encode())
        for name, stamp in source.stamps():
            digest.update(f"{name}\0{stamp}\n".encode(errors="surrogateescape"))
        self.fingerprint = digest.hexdigest()

    def _wanted(self, source: ImageSource, labels: Sequence[int]) -> Iterator[SourceImage]:
        for image in source:
            if image.split is None:
                raise BadInputError(
                    f"Expected imported records, or images with splits of their own, received {self.root}: which of "
                    "its images are for training shows once it has been imported. Do "
                    f"`deepfake-inspector data import {self.root} --out RECORDS`, then `--from RECORDS`."
                )
            if image.split == self._split and image.label in labels and not image.columns.get(_MAKER_COLUMN):
                yield image

    def __len__(self) -> int:
        return len(self._table)

    def key(self, position: int) -> str:
        return self._image(position).name

    def is_usable(self, position: int) -> bool:
        if position not in self._usable:
            try:
                inspect_image(read_image(self._image(position), Limits()), Limits())
                self._usable[position] = True
            except RejectedImageError as error:
                self._usable[position] = False
                self.refused[error.reason] = self.refused.get(error.reason, 0) + 1
        return self._usable[position]

    @contextlib.contextmanager
    def reading(self, positions: Collection[int], progress: Progress | None = None) -> Iterator[Read]:
        yield self._read

    def is_apart_from(self, target: Path) -> bool:
        # A manifest takes what it lists, whatever else comes to lie beside it.
        return super().is_apart_from(target) or (self._is_manifest and not self.root.is_relative_to(target))

    def _image(self, position: int) -> SourceImage:
        return source_image(next(table_rows(self._table.slice(position, 1))))

    def _read(self, position: int) -> Parent:
        image = self._image(position)
        try:
            encoded = read_image(image, Limits())
            pixels = decode_rgb(encoded)
        except RejectedImageError as error:
            raise BadInputError(
                f"Expected {image.name} to stay as it was, but it is {error.reason} ({error.detail}). Start again "
                "once nothing writes to the folder."
            ) from error
        sha256 = hashlib.sha256(encoded).hexdigest()
        return Parent(
            encoded=encoded,
            pixels=pixels,
            label=image.label,
            sha256=sha256,
            group=image.group or sha256,
            source=image.source,
            method=image.method,
            split=self._split,
        )
