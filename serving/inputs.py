"""From what a user names (files and folders) to the list of images to ask about."""

from collections.abc import Iterable
from pathlib import Path

from serving.errors import BadInputError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def expand_paths(paths: Iterable[str | Path]) -> list[Path]:
    """The images in the given files and folders, in an order that depends on nothing but their names.

    A file that is named stands for itself whatever its suffix: the server decides what it can read. A folder
    stands for the JPEG and PNG files anywhere below it, sorted by path; hidden files and folders are left
    out.

    Raises:
        BadInputError: no path was given, one does not exist, or a folder holds no JPEG or PNG.
    """
    images: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            images += _images_below(path)
        elif path.exists():
            images.append(path)
        else:
            raise BadInputError(f"expected an image or a folder of images, but {path} does not exist")
    if not images:
        raise BadInputError("expected at least one image or folder of images, received none")
    return images


def _images_below(folder: Path) -> list[Path]:
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not _is_hidden(path.relative_to(folder))
        and path.is_file()
    )
    if not found:
        raise BadInputError(f"expected JPEG or PNG files below {folder}, found none")
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
