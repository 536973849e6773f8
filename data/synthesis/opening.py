"""Which images may be edited: opens them, or says why none may be."""

from collections.abc import Sequence
from pathlib import Path

from data.card import is_imported
from data.errors import BadInputError
from data.example import LABEL_NAMES
from data.record_folder import holds_records
from data.sources import open_source
from data.synthesis.parents import Parents
from data.synthesis.record_parents import RecordParents
from data.synthesis.source_parents import SourceParents


def open_parents(source: str | Path, split: str, labels: Sequence[int]) -> Parents:
    """Opens the images that may be edited.

    Args:
        source: imported records, or a data set on disk whose images have splits of their own.
        split: train, val or test.
        labels: of the images that are wanted.

    Raises:
        BadInputError: there is no such image, or its split is not known.
    """
    root = Path(source).expanduser().resolve()
    if is_imported(root):
        found: Parents = RecordParents(root, split, labels)
    elif holds_records(root):
        raise BadInputError(
            f"Expected records with the table of their import at {root}, found none in span-1/. Make them with "
            "`deepfake-inspector data import SOURCE --out DIR`."
        )
    else:
        found = SourceParents(open_source(root), split, labels)
    if not len(found):
        wanted = " or ".join(LABEL_NAMES[label] for label in labels)
        raise BadInputError(
            f"Expected {wanted} images that are no synthetic ones in the {split} split of {root}, found none."
        )
    return found
