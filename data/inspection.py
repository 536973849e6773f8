"""Pass 1 over the images of one listing: each is read, checked and measured."""

from collections.abc import Callable, Iterator
from pathlib import Path

from data.image_table import Row, row_of, source_image
from data.images.decode_check import Limits, inspect_image
from data.listing import read_rows, write_rows
from data.quarantine import RejectedImageError
from data.reading import read_image


def inspect_listing(listing: Path, limits: Limits, on_image: Callable[[], None]) -> Path:
    """Inspects the images of a listing, one at a time.

    Args:
        listing: a file of :mod:`data.listing`.
        limits: what is refused.
        on_image: called after each image.

    Returns:
        A new file beside the listing: the same rows in the same order, with facts or a reason.
    """
    result = listing.with_name(listing.name.replace("listed", "inspected"))
    write_rows(result, _inspected(listing, limits, on_image))
    return result


def _inspected(listing: Path, limits: Limits, on_image: Callable[[], None]) -> Iterator[Row]:
    for row in read_rows(listing):
        image = source_image(row)
        try:
            facts = inspect_image(read_image(image, limits), limits)
        except RejectedImageError as rejected:
            yield row_of(image, reason=rejected.reason, detail=rejected.detail)
        else:
            yield row_of(image, facts)
        on_image()
