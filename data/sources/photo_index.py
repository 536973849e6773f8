"""Finding photos that a list names by a path, wherever in the data set they were put."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from data.errors import BadInputError
from data.sources.files import FileTree


class PhotoIndex:
    """The files of a tree by their last name.

    Args:
        tree: the data set's files.
        names: those among them that may be photos.
        split_folders: names of folders that hold one split each, in lower case.
    """

    def __init__(self, tree: FileTree, names: Iterable[str], split_folders: Iterable[str]):
        self._tree = tree
        self._split_folders = frozenset(split_folders)
        self._names = defaultdict(list)
        for name in names:
            self._names[name.rpartition("/")[2]].append(name)

    def find(self, wanted: str, split_folder: str, list_name: str) -> str | None:
        """Returns the file whose path shares the longest end with ``wanted``, or None.

        Folders are compared in any case, and an archive counts as a folder. A file that stands in the folder
        of another split is none of this split's, unless the list itself says so. Among equals, the nearest
        to the list counts.

        Args:
            wanted: the photo's path in the list, such as ``Images/Val/a.jpg``.
            split_folder: name of the folder for the list's own split, in lower case.
            list_name: the list's name in the tree.

        Raises:
            BadInputError: several files fit equally well.
        """
        *folders, last = wanted.split("/")
        folders = _lower(folders)
        near = _lower(self._tree.folders(list_name))
        best, best_names = (-1, -1), []
        for name in self._names.get(last, ()):
            above = _lower(self._tree.folders(name))
            shared = _common(reversed(folders), reversed(above))
            others = self._split_folders.intersection(above) - {split_folder}
            if shared < len(folders) and others and split_folder not in above:
                continue
            rank = (shared, _common(near, above))
            if rank > best:
                best, best_names = rank, [name]
            elif rank == best:
                best_names.append(name)
        if len(best_names) > 1:
            raise BadInputError(
                f"Expected one file for {wanted} of {list_name}, found {len(best_names)} that fit equally well: "
                f"{', '.join(best_names[:3])}. Remove all but one, such as an archive that was extracted."
            )
        return best_names[0] if best_names else None


def _lower(names: Sequence[str]) -> list[str]:
    return [name.lower() for name in names]


def _common(left: Iterable[str], right: Iterable[str]) -> int:
    """Length of the common start."""
    length = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        length += 1
    return length
