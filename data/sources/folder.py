"""The plain layout: images below folders named ``real`` and ``fake``."""

from collections import Counter
from collections.abc import Iterator

from data.errors import BadInputError
from data.example import FAKE, LABEL_MAP, LABEL_NAMES, METHOD_OF_REALS, METHOD_UNKNOWN, REAL
from data.sources.base import ImageSource, SourceImage


class FolderSource(ImageSource):
    """Files below ``real/`` and ``fake/``, at the top or nested, in any case (``faces/Real/a.jpg``).

    The nearest folder named real or fake above a file decides its label. Below ``fake/`` the first sub-folder
    names the method (``fake/stylegan/a.jpg``). The source's name is the path above real or fake (``faces``),
    or the root folder's name where real and fake stand at the top, so that several data sets side by side
    stay apart. A zip archive at the top of the folder counts as a folder named like it, without ``.zip``.
    """

    layout = "folder"

    def __iter__(self) -> Iterator[SourceImage]:
        """Yields every visible file below a real or fake folder, in the order of the names.

        Raises:
            BadInputError: no file stands below a real folder, or none below a fake folder.
        """
        counts = Counter()
        for name in self.tree.names():
            image = self._image(name)
            if image is not None:
                counts[image.label] += 1
                yield image
        missing = [LABEL_NAMES[label] for label in (REAL, FAKE) if not counts[label]]
        if missing:
            raise BadInputError(self._what_is_missing(missing, counts))

    def left_out(self) -> list[str]:
        """Names of the visible files that stand below neither a real nor a fake folder."""
        return [name for name in self.tree.names() if self._image(name) is None]

    def _image(self, name: str) -> SourceImage | None:
        folders = self.tree.folders(name)
        position = next((i for i in reversed(range(len(folders))) if folders[i].lower() in LABEL_MAP), None)
        if position is None:
            return None
        label = LABEL_MAP[folders[position].lower()]
        below = folders[position + 1 :]
        method = METHOD_OF_REALS if label == REAL else (below[0] if below else METHOD_UNKNOWN)
        path, member = self.tree.locate(name)
        return SourceImage(
            path=path,
            member=member,
            name=name,
            label=label,
            source="/".join(folders[:position]) or self.tree.name,
            method=method,
        )

    def _what_is_missing(self, missing: list[str], counts: Counter) -> str:
        found = [f"{counts[label]} in {name}/" for name, label in LABEL_MAP.items() if counts[label]]
        names = self.tree.top()
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        return (
            f"Expected images in a folder named 'real' and in one named 'fake' (any case, nested or not) "
            f"below {self.tree.root}, found no file in {' nor in '.join(f'{name}/' for name in missing)}"
            f"{' but ' + found[0] if found else ''}. The folder holds: {shown or 'nothing'}. "
            "Put the real images into real/ and the fakes into fake/, then import the folder above the two."
        )
