"""Which layout a data set has, by the names of its files alone."""

from collections.abc import Iterable

from data.errors import BadInputError
from data.example import LABEL_NAMES
from data.sources.files import FileTree
from data.sources.kaggle import split_and_label
from data.sources.manifest_rows import FORMATS
from data.sources.openforensics import list_file


def detect_layout(tree: FileTree) -> tuple[str, str | None]:
    """Returns the layout and, for a list of images, its name.

    The most telling signs first: one of the four lists of OpenForensics; two official splits with reals and
    fakes each; a list named ``manifest`` at the top; and else the plain layout.

    Raises:
        BadInputError: a folder or archive cannot be read, or there is more than one list named ``manifest``.
    """
    parts, manifests = set(), []
    for name in tree.names():
        if list_file(name):
            return "openforensics", None
        parts.add(split_and_label(tree.folders(name)))
        if name in {f"manifest.{suffix}" for suffix in FORMATS}:
            manifests.append(name)
    parts.discard(None)
    splits = {split for split, _ in parts}
    complete = [split for split in splits if all((split, label) in parts for label in LABEL_NAMES)]
    if len(complete) >= 2:
        return "kaggle", None
    if len(manifests) > 1:
        raise BadInputError(
            f"Expected one list of images at the top of {tree.root}, found {' and '.join(manifests)}. "
            f"Choose one by the layout {' or '.join(FORMATS)}."
        )
    if manifests:
        return manifests[0].rpartition(".")[2], manifests[0]
    return "folder", None


def find_manifest(tree: FileTree, layout: str) -> str:
    """Returns the name of the one list of images at the top of the tree.

    Args:
        tree: the data set's files.
        layout: ``"csv"`` or ``"jsonl"``.

    Raises:
        BadInputError: there is none, or more than one.
    """
    found = sorted(_at_top(tree.names(), f".{layout}"))
    if len(found) != 1:
        raise BadInputError(
            f"Expected one file *.{layout} at the top of {tree.root}, "
            f"found {f'{len(found)}: ' + ', '.join(found[:5]) if found else 'none'}. "
            "Name the file itself as the source."
        )
    return found[0]


def _at_top(names: Iterable[str], suffix: str) -> list[str]:
    return [name for name in names if "/" not in name and name.lower().endswith(suffix)]
