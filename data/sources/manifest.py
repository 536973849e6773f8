"""The layouts "csv" and "jsonl": a list names the images, and may say more of each."""

import os
from collections.abc import Iterator
from pathlib import Path

from data.errors import BadInputError
from data.example import FAKE, LABEL_MAP, LABEL_NAMES, METHOD_OF_REALS, METHOD_UNKNOWN, SPLITS, Synthetic
from data.sources.base import SPLIT_ALIASES, ImageSource, SourceImage
from data.sources.files import FileTree, stamp
from data.sources.manifest_rows import FORMATS, OPTIONAL, REQUIRED, Row, parse_rows
from data.sources.names import what_is_wrong
from data.sources.synthetic_columns import SYNTHETIC, synthetic_of

_MAX_BYTES = 200_000_000
_LABELS = {**LABEL_MAP, **{str(label): label for label in LABEL_NAMES}}

#: What a column to slice by holds where a row says nothing.
UNKNOWN = "unknown"


class ManifestSource(ImageSource):
    """The images that a list names, in its order, wherever below the list's folder they are.

    Columns: ``path`` (relative to the list) and ``label`` (0, 1, real or fake); ``split``, ``group``,
    ``method`` and ``source`` where wanted; ``synthetic_*`` of images that were made of others
    (:mod:`data.sources.synthetic_columns`); every other column is one to slice by. A listed file that is missing is
    yielded like the others, so that it ends up in quarantine.

    Args:
        tree: the files of the folder or archive that holds the list at its top.
        manifest: the list's name, ending in ``.csv`` or ``.jsonl``.

    Raises:
        BadInputError: the list's name ends otherwise.
    """

    def __init__(self, tree: FileTree, manifest: str):
        super().__init__(tree)
        self.manifest = manifest
        stem, _, suffix = manifest.rpartition(".")
        self.layout, self._stem = suffix.lower(), stem
        if self.layout not in FORMATS:
            raise BadInputError(f"Expected a list of images named *.csv or *.jsonl, received {manifest}.")
        self._real_folders: dict[str, Path] = {}

    def __iter__(self) -> Iterator[SourceImage]:
        """Yields the images in the order of the rows.

        Raises:
            BadInputError: the list is missing or malformed, a row says something unknown or names a file
                outside, or only some rows name a split; the message names the line.
        """
        first_lines: dict[str, int] = {}
        has_split = None
        for row in self._rows():
            image = self._image(row)
            earlier = first_lines.setdefault(image.name, row.line)
            if earlier != row.line:
                raise self._error(row, f"a path of its own, received {image.name} of line {earlier} again")
            if has_split not in (None, bool(image.split)):
                raise self._error(row, "a split in all rows or in none, received both until here")
            has_split = bool(image.split)
            yield image

    def left_out(self) -> list[str]:
        """Nothing: the list says what is wanted."""
        return []

    def stamps(self) -> Iterator[tuple[str, str]]:
        """Yields the stamps of the list and of the files it names, rather than of the whole folder.

        Raises:
            BadInputError: the list is missing or malformed.
        """
        seen = set()
        for name in [self.manifest, *(image.name for image in self)]:
            path, member = self.tree.locate(name)
            if path in seen:  # Members of one archive.
                continue
            seen.add(path)
            yield (name if member is None else Path(path).name), stamp(path)

    def _rows(self) -> list[Row]:
        return parse_rows(self.tree.read(self.manifest, _MAX_BYTES), self.layout, self.manifest)

    def _image(self, row: Row) -> SourceImage:
        values = row.values
        name = self._checked_name(row)
        path, member = self.tree.locate(name)
        label = _LABELS.get(values["label"].strip().lower())
        if label is None:
            raise self._error(row, f"a label out of 0, 1, real and fake, received {values['label']!r}")
        given = {column: values.get(column, "").strip() for column in OPTIONAL}
        split = SPLIT_ALIASES.get(given["split"].lower())
        if given["split"] and split is None:
            raise self._error(row, f"a split out of {', '.join(SPLITS)}, received {values['split']!r}")
        columns = {
            column: value.strip() or UNKNOWN
            for column, value in values.items()
            if column not in (*REQUIRED, *OPTIONAL, *SYNTHETIC)
        }
        self._check_text(
            row, [*given.values(), *columns.values(), *(values.get(name, "") for name in SYNTHETIC)]
        )
        try:
            synthetic = synthetic_of(values)
        except BadInputError as error:
            raise self._error(row, str(error)) from error
        return SourceImage(
            path=path,
            member=member,
            name=name,
            label=label,
            source=given["source"] or self._stem,
            method=given["method"] or _method(label, synthetic),
            group=given["group"] or None,
            split=split,
            columns=columns,
            synthetic=synthetic,
        )

    def _checked_name(self, row: Row) -> str:
        """Returns the path in its one spelling."""
        path = name = row.values["path"]
        while name.startswith("./"):
            name = name[2:]
        wrong = what_is_wrong(name)
        if wrong:
            raise self._error(row, f"a path relative to the list and below it, received {path!r}: {wrong}")
        if self._leads_out(name):
            raise self._error(
                row,
                f"a file below {self.tree.root}, received {path!r}, which a symbolic link leads out of there. "
                "Put the list into a folder above the files",
            )
        return name

    def _leads_out(self, name: str) -> bool:
        path = self.tree.locate(name)[0]
        folder, last = os.path.split(path)
        # Most rows share a few folders, and resolving one asks the disk about each of its parents.
        if folder not in self._real_folders:
            self._real_folders[folder] = Path(os.path.realpath(folder))
        real = self._real_folders[folder] / last
        if real.is_symlink():
            real = Path(os.path.realpath(real))
        return not real.is_relative_to(self.tree.root)

    def _check_text(self, row: Row, values: list[str]) -> None:
        try:
            "".join(values).encode()
        except UnicodeEncodeError as error:
            raise self._error(row, f"text, received half a character ({error.reason})") from error

    def _error(self, row: Row, what: str) -> BadInputError:
        return BadInputError(f"Expected, in line {row.line} of {self.manifest}, {what}.")


def _method(label: int, synthetic: Synthetic | None) -> str:
    if synthetic:
        return synthetic.maker
    return METHOD_UNKNOWN if label == FAKE else METHOD_OF_REALS
