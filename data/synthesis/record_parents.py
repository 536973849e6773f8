"""Images of imported records that may be edited.

Only positions are kept in memory. What is wanted is copied once, in one pass over the split's files, to a file
without a name that vanishes with the process: a record in the middle of a gzip file cannot be reached in any other
way, and images are wanted in an order of their own.
"""

import contextlib
import hashlib
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from data.errors import BadInputError
from data.example import decode
from data.image_table import read_table, values
from data.images.decode_check import decode_rgb
from data.progress import Progress
from data.record_folder import record_files, span_folder, spans
from data.synthesis.maker import Parent
from data.synthesis.parents import Parents, Read

#: Column of the table of an import that is null of originals.
_SYNTHETIC_COLUMN = "synthetic"

#: Images of one or two channels have no colours to edit, and a child in colours would stand out.
_COLOUR = 3


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
            if (
                _SYNTHETIC_COLUMN in table.column_names
            ):  # It is not in tables from before there were such images.
                wanted &= table.column(_SYNTHETIC_COLUMN).is_null().to_numpy()
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
        # Without a name, so that nobody has to sweep it away after a kill.
        with tempfile.TemporaryFile() as spool:
            stretches = self._spool(spool, positions, progress)

            def read(position: int) -> Parent:
                start, length = stretches[position]
                spool.seek(start)
                record = decode(spool.read(length))
                if hashlib.sha256(record.encoded).digest() != self._sha256[position]:
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
