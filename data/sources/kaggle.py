"""The layout of Kaggle's "deepfake and real images": ``Train/Real``, ``Train/Fake`` and so on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from data.errors import BadInputError
from data.example import FAKE, LABEL_MAP, LABEL_NAMES, METHOD_OF_REALS
from data.sources.base import SPLIT_ALIASES, ImageSource, SourceImage

_PARTS = {
    (split, label): f"{folder}/{LABEL_NAMES[label].capitalize()}"
    for split, folder in (("train", "Train"), ("val", "Validation"), ("test", "Test"))
    for label in sorted(LABEL_MAP.values())
}


def split_and_label(folders: Sequence[str]) -> tuple[str, int] | None:
    """What a folder of a split with a folder of a label right below says; None if there is no such pair.

    Where there are several pairs, the one nearest to the file counts.
    """
    for above, below in reversed(list(pairwise(folders))):
        split, label = SPLIT_ALIASES.get(above.lower()), LABEL_MAP.get(below.lower())
        if split is not None and label is not None:
            return split, label
    return None


class KaggleSource(ImageSource):
    """Faces of OpenForensics at 256x256, as Kaggle's "deepfake and real images" gives them out.

    ``Dataset/{Train,Validation,Test}/{Real,Fake}/*.jpg``, at any depth and in any case. The data set's own
    splits are kept.
    """

    layout = "kaggle"

    def __iter__(self) -> Iterator[SourceImage]:
        """Yields every visible file below one of the six folders, in the order of the names.

        Raises:
            BadInputError: one of the six holds no file; the message names all that do not.
        """
        counts = Counter()
        for name in self.tree.names():
            found = split_and_label(self.tree.folders(name))
            if found is None:
                continue
            counts[found] += 1
            split, label = found
            path, member = self.tree.locate(name)
            yield SourceImage(
                path=path,
                member=member,
                name=name,
                label=label,
                source="deepfake-and-real-images",
                method="openforensics" if label == FAKE else METHOD_OF_REALS,
                split=split,
            )
        missing = [folder for part, folder in _PARTS.items() if not counts[part]]
        if missing:
            raise BadInputError(
                f"Expected images in {', '.join(_PARTS.values())} (any case, at any depth) below "
                f"{self.tree.root}, found none in {', '.join(missing)}. Complete the data set; or, if it is "
                "another one, import it with the layout 'folder', which draws splits of its own."
            )

    def left_out(self) -> list[str]:
        """Names of the visible files below none of the six folders."""
        return [name for name in self.tree.names() if split_and_label(self.tree.folders(name)) is None]
