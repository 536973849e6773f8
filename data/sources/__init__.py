"""Where images come from: one class a layout of folders, behind one small interface.

A source only lists images and says what is known about each; it opens none of them. To add a layout, subclass
:class:`~data.sources.base.ImageSource` in a file of its own and name it in :func:`open_source`.
"""

from pathlib import Path

from data.errors import BadInputError
from data.sources.base import ImageSource, SourceImage
from data.sources.folder import FolderSource

__all__ = ["LAYOUTS", "ImageSource", "SourceImage", "open_source"]

LAYOUTS = {"folder": FolderSource}


def open_source(root: str | Path, layout: str = "auto") -> ImageSource:
    """Returns the source at ``root``, read as ``layout`` (a key of ``LAYOUTS``, or ``"auto"``).

    Raises:
        BadInputError: ``root`` is no folder, the layout is unknown, or the folder does not have it.
    """
    if layout == "auto":
        layout = "folder"
    if layout not in LAYOUTS:
        known = ", ".join(["auto", *LAYOUTS])
        raise BadInputError(f"Expected a layout out of {known}, received '{layout}'.")
    return LAYOUTS[layout](root)
