"""What an image that was made of another has of it: the annotated values, so that slices hold it, too."""

from collections.abc import Sequence

import pyarrow as pa

from data.image_table import values, with_columns
from data.sources.manifest import UNKNOWN


def with_inherited_columns(
    found: pa.Table, rows: Sequence[int], parents: Sequence[int | None], earlier: pa.Table | None
) -> pa.Table:
    """Gives children the values of their parents, but for those that they have of their own.

    What has no parent here has "unknown" then in each column that another image has: in a span, all have the same.

    Args:
        found: images of an import, see :mod:`data.image_table`.
        rows: rows of ``found`` that were placed.
        parents: of each of these the position of its parent, in ``earlier`` and, after that, in ``rows``; None where
            it has none, or none that is there.
        earlier: images of earlier spans; None where there are none.
    """
    if not any(parent is not None for parent in parents):
        return found
    start = 0 if earlier is None else len(earlier)
    own = values(found, "columns")
    known = {start + position: own[row] for position, row in enumerate(rows)}
    if before := sorted({parent for parent in parents if parent is not None and parent < start}):
        known |= zip(before, values(earlier.take(pa.array(before)), "columns"), strict=True)
    merged = [_by_name(own[row]) for row in rows]
    for position, parent in enumerate(parents):
        if parent is not None:
            stated = {name: value for name, value in merged[position].items() if value != UNKNOWN.encode()}
            merged[position] = _by_name(known[parent]) | stated
    names = sorted({name for one in merged for name in one})
    for row, one in zip(rows, merged, strict=True):
        own[row] = [{"column": name, "value": one.get(name, UNKNOWN.encode())} for name in names]
    return with_columns(found, {"columns": own})


def _by_name(columns: Sequence[dict]) -> dict[str, bytes]:
    return {item["column"]: item["value"] for item in columns}
