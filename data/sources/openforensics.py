"""The layout of OpenForensics: photos, and lists of the real and fake faces in them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from data.defaults import MARGIN
from data.errors import BadInputError
from data.example import FAKE, METHOD_OF_REALS
from data.sources.base import ImageSource, SourceImage
from data.sources.coco import Face, Photo, parse_faces
from data.sources.files import FileTree
from data.sources.margins import check_margin, grow
from data.sources.photo_index import PhotoIndex

_MAX_LIST_BYTES = 2_000_000_000


class _Part(NamedTuple):
    """A list's file: the folder of its photos in lower case, our split, and the name of the source."""

    folder: str
    split: str
    source: str


#: In the order in which they are read. The photos of the challenge are perturbed: another distribution.
PARTS = {
    "Train_poly.json": _Part("train", "train", "openforensics"),
    "Val_poly.json": _Part("val", "val", "openforensics"),
    "Test-Dev_poly.json": _Part("test-dev", "test", "openforensics"),
    "Test-Challenge_poly.json": _Part("test-challenge", "test", "openforensics-challenge"),
}
_FILE_OF = {file.lower(): file for file in PARTS}


def list_file(name: str) -> str | None:
    """Which of the four lists the file ``name`` is (a key of ``PARTS``), in any case; None if none."""
    return _FILE_OF.get(name.rpartition("/")[2].lower())


class OpenForensicsSource(ImageSource):
    """Each annotated face is an image of its own; the faces of a photo stay in one group.

    The lists and the photos may stand anywhere in the tree, some of the lists may be missing. A photo that is
    missing is yielded with the place it was expected at, so that its faces end up in quarantine.

    Args:
        tree: the files of the data set.
        margin: share of a face's width (height) added on the left and right (above and below).

    Raises:
        BadInputError: the margin is not between 0 and 2.
    """

    layout = "openforensics"

    def __init__(self, tree: FileTree, margin: float = MARGIN):
        super().__init__(tree)
        self.margin = check_margin(margin)
        self._used: set[str] | None = None
        self._list_of: dict[str, str] = {}

    def __iter__(self) -> Iterator[SourceImage]:
        """Yields the faces list by list, in the order of photos and annotations.

        Raises:
            BadInputError: there is no list, one is malformed, all photos of one are missing, or it is not
                clear which file is which photo.
        """
        names = list(self.tree.names())
        lists = self._lists(names)
        used, owners, crowds = set(lists.values()), {}, 0
        self._list_of = {}
        photos_of_splits = {part.folder for part in PARTS.values()}
        index = PhotoIndex(self.tree, (name for name in names if name not in used), photos_of_splits)
        for file, name in lists.items():
            photos, faces, skipped = parse_faces(self.tree.read(name, _MAX_LIST_BYTES), name)
            found = self._find_photos(photos, file, name, index, owners)
            crowds += skipped
            for face in faces:
                expected = "/".join([*name.split("/")[:-1], face.photo.file_name])
                yield self._image(face, file, name, found.get(face.photo.file_name, expected))
        self.skipped = {"crowd": crowds} if crowds else {}
        self._used = used | set(owners)

    def left_out(self) -> list[str]:
        """Names of the visible files that are neither one of the lists nor a photo in one."""
        if self._used is None:
            for _ in self:
                pass
        return [name for name in self.tree.names() if name not in self._used]

    def _lists(self, names: Sequence[str]) -> dict[str, str]:
        """Returns the lists' names in the tree by file, in the order of ``PARTS``."""
        found = {}
        for name in names:
            file = list_file(name)
            if file in found:
                raise BadInputError(
                    f"Expected one {file} in {self.tree.root}, found {found[file]} and {name}. Remove one of the two."
                )
            if file:
                found[file] = name
        if not found:
            raise BadInputError(
                f"Expected one or more of {', '.join(PARTS)} in {self.tree.root}, found none. "
                "They come with the photos of OpenForensics."
            )
        return {file: found[file] for file in PARTS if file in found}

    def _find_photos(
        self,
        photos: Sequence[Photo],
        file: str,
        name: str,
        index: PhotoIndex,
        owners: dict[str, tuple[str, str]],
    ) -> dict[str, str]:
        """Returns the photos' names in the tree by ``file_name``, and notes in ``owners`` whose they are."""
        found = {}
        for photo in photos:
            other = self._list_of.setdefault(photo.file_name, file)
            if other != file:
                # Its faces could be named alike in both, and it would stand in two splits.
                raise BadInputError(
                    f"Expected a photo in one list only, received {photo.file_name} in {other} and in {file}."
                )
            match = index.find(photo.file_name, PARTS[file].folder, name)
            if match is None:
                continue
            owner = owners.setdefault(match, (file, photo.file_name))
            if owner != (file, photo.file_name):
                raise BadInputError(
                    f"Expected a file for each photo, but {match} in {self.tree.root} fits both {owner[1]} of "
                    f"{owner[0]} and {photo.file_name} of {file}. Put each split's photos into a folder of its "
                    "own, named like the split."
                )
            found[photo.file_name] = match
        if not found:
            raise BadInputError(
                f"Expected the photos of {name}, such as {photos[0].file_name}, in {self.tree.root} (beside the "
                f"list, in folders, or in .zip archives at the top), found none of {len(photos)}. Put them "
                f"there, or leave the split out by removing {name}."
            )
        return found

    def _image(self, face: Face, file: str, list_name: str, photo_name: str) -> SourceImage:
        photo = face.photo
        # A box of nothing is quarantined by whoever cuts it out: one wrong annotation of many must not stop the rest.
        box = grow(face.box, self.margin, photo.width, photo.height) or (0, 0, 0, 0)
        path, member = self.tree.locate(photo_name)
        return SourceImage(
            path=path,
            member=member,
            name=f"{photo.file_name}#{face.number}",
            label=face.label,
            source=PARTS[file].source,
            method="openforensics" if face.label == FAKE else METHOD_OF_REALS,
            group=f"{file}/{photo.file_name}",
            split=PARTS[file].split,
            box=box,
        )
