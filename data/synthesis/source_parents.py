"""Images of a data set with splits of its own that may be edited; they are read where they lie."""

import contextlib
import hashlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from data.errors import BadInputError
from data.image_table import make_table, row_of, source_image, table_rows
from data.images.decode_check import Limits, decode_rgb, inspect_image
from data.progress import Progress
from data.quarantine import RejectedImageError
from data.reading import read_image
from data.sources import MANIFESTS, ImageSource, SourceImage
from data.synthesis.maker import Parent
from data.synthesis.parents import Parents, Read


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
            is_original = getattr(image, "synthetic", None) is None
            if image.split == self._split and image.label in labels and is_original:
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
