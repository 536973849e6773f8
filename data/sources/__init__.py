"""Where images come from: one class a layout of data sets, behind one small interface.

A source only lists images and says what is known about each; it opens none of them. Its files lie in a
:class:`~data.sources.files.FileTree`: a folder, zip archives in it, or one archive. To add a layout, subclass
:class:`~data.sources.base.ImageSource` in a file of its own, name it in ``LAYOUTS``, and teach
:mod:`data.sources.detection` its signs. What may not live here: decoding images, TensorFlow, Beam.
"""

from pathlib import Path

from data.defaults import MARGIN
from data.errors import BadInputError
from data.sources.archive import ZipTree
from data.sources.base import ImageSource, SourceImage
from data.sources.detection import detect_layout, find_manifest
from data.sources.files import FileTree, FolderTree
from data.sources.folder import FolderSource
from data.sources.kaggle import KaggleSource
from data.sources.manifest import ManifestSource
from data.sources.manifest_rows import FORMATS
from data.sources.margins import check_margin
from data.sources.openforensics import OpenForensicsSource

__all__ = ["LAYOUTS", "MANIFESTS", "ImageSource", "SourceImage", "open_source"]

LAYOUTS = {
    "folder": FolderSource,
    "kaggle": KaggleSource,
    "openforensics": OpenForensicsSource,
    "csv": ManifestSource,
    "jsonl": ManifestSource,
}

#: Layouts that are a list of images, which may lie beside anything else.
MANIFESTS = ("csv", "jsonl")


def open_source(root: str | Path, layout: str = "auto", margin: float = MARGIN) -> ImageSource:
    """Returns the source at ``root``.

    Args:
        root: a folder, a ``.zip`` archive, or a list of images (``.csv`` or ``.jsonl``).
        layout: a key of ``LAYOUTS``, or ``"auto"`` to tell by the names of the files.
        margin: for layouts that cut faces from photos, how much of a face's width (height) is added on the
            left and right (above and below); 0 to 2.

    Raises:
        BadInputError: there is nothing at ``root``, the layout is unknown, the files do not have it, an archive
            is refused, or the margin is out of its range.
    """
    if layout not in ("auto", *LAYOUTS):
        known = ", ".join(["auto", *LAYOUTS])
        raise BadInputError(f"Expected a layout out of {known}, received '{layout}'.")
    check_margin(margin)
    tree, manifest = _open_tree(Path(root).expanduser(), layout)
    if layout == "auto" and manifest is None:
        layout, manifest = detect_layout(tree)
    elif layout in FORMATS and manifest is None:
        manifest = find_manifest(tree, layout)
    if manifest is not None:
        return ManifestSource(tree, manifest)
    if layout == "openforensics":
        return OpenForensicsSource(tree, margin)
    return LAYOUTS[layout](tree)


def _open_tree(root: Path, layout: str) -> tuple[FileTree, str | None]:
    """Returns the files and, where ``root`` is a list of images, the list's name among them."""
    suffix = root.suffix.lower().removeprefix(".")
    if root.is_dir():
        return FolderTree(root), None
    if suffix in FORMATS and layout in ("auto", suffix):
        if not root.is_file():
            raise BadInputError(f"Expected a list of images at {root}, found nothing.")
        return FolderTree(root.parent), root.name
    if suffix == "zip":
        return ZipTree(root), None
    return FolderTree(root), None  # Says what is there instead.
