"""From what a user names (files and folders) to the list of images and videos to ask about."""

import os
from collections.abc import Iterable
from pathlib import Path

from serving.errors import BadInputError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"})


def is_video(path: str | os.PathLike) -> bool:
    """Whether a file is taken for a video: by its suffix, as everything else is for the server to judge."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def expand_paths(paths: Iterable[str | Path], *, videos: bool = False) -> list[Path]:
    """The images in the given files and folders, in an order that depends on nothing but their names.

    A file that is named stands for itself whatever its suffix: the server decides what it can read. A folder
    stands for the JPEG and PNG files anywhere below it, sorted by path; hidden files and folders are left
    out.

    Args:
        paths: files and folders.
        videos: a folder stands for the videos below it as well.

    Raises:
        BadInputError: no path was given, one does not exist, or a folder holds nothing that it could stand for.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += _files_below(path, videos)
        elif path.exists():
            found.append(path)
        else:
            raise BadInputError(f"expected an image or a folder of images, but {path} does not exist")
    if not found:
        raise BadInputError("expected at least one image or folder of images, received none")
    return found


def _files_below(folder: Path, videos: bool) -> list[Path]:
    suffixes = IMAGE_SUFFIXES | VIDEO_SUFFIXES if videos else IMAGE_SUFFIXES
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes and not _is_hidden(path.relative_to(folder)) and path.is_file()
    )
    if not found:
        raise BadInputError(f"expected JPEG or PNG files{' or videos' * videos} below {folder}, found none")
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
