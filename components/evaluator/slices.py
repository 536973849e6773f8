"""Slices of a split: which there are, in which of them an image is, and what they are called.

Plain functions without TensorFlow, so that whoever has the records gives an image the slices that the Evaluator gives
it.
"""

from collections.abc import Sequence

from data.example import COLUMN_PREFIX, Record

METHOD_SLICE = "method"
"""The one slice that a synthetic image of a split is in; see `components.evaluator.extractors`."""

BUILT_IN = ("source", METHOD_SLICE, "format", "size", "jpeg_quality", "span")
"""What every record can be sliced by; annotated columns come on top."""

_SIZE_STARTS = (1, 64, 128, 256, 512, 1024)
"""Pixels of the shorter side."""

_QUALITY_STARTS = (1, 50, 70, 90)
_HIGHEST_QUALITY = 100
_NO_QUALITY = "none"
_EMPTY = "(empty)"


def slice_values(record: Record) -> dict[str, str]:
    """The slice that an image belongs to, by what it is sliced by.

    Args:
        record: of the image.

    Returns:
        `source`, `method`, `format` and `span` as recorded; `size`, pixels of the shorter side, one of `1-63`,
        `64-127`, `128-255`, `256-511`, `512-1023` and `1024+`; `jpeg_quality`, one of `1-49`, `50-69`, `70-89` and
        `90-100`, or `none` for what is no JPEG; then each annotated column, see `slice_key`. All of it is valid
        Unicode: bytes that are none (in the names of folders) have become U+FFFD.
    """
    values = {
        "source": record.source,
        METHOD_SLICE: record.method,
        "format": record.format,
        "size": _bucket(min(record.width, record.height), _SIZE_STARTS, None),
        "jpeg_quality": _bucket(record.jpeg_quality, _QUALITY_STARTS, _HIGHEST_QUALITY)
        if record.jpeg_quality
        else _NO_QUALITY,
        "span": str(record.span),
    }
    values |= {slice_key(column): value for column, value in record.columns.items()}
    return {
        key: value.encode(errors="surrogateescape").decode(errors="replace") for key, value in values.items()
    }


def slice_key(column: str) -> str:
    """What an annotated column is called among the slices: its name, or `slice/NAME` where a built-in has that."""
    return COLUMN_PREFIX + column if column in BUILT_IN else column


def slice_name(key: str, value: str) -> str:
    """The name of a slice, such as `size=128-255`; an empty value reads `method=(empty)`."""
    return f"{key}={value or _EMPTY}"


def slice_parts(name: str) -> tuple[str, str]:
    """Key and value of a slice's name; the reverse of `slice_name`."""
    key, _, value = name.partition("=")
    return key, "" if value == _EMPTY else value


def _bucket(number: int, starts: Sequence[int], highest: int | None) -> str:
    index = max(sum(number >= start for start in starts) - 1, 0)
    if index + 1 < len(starts):
        return f"{starts[index]}-{starts[index + 1] - 1}"
    return f"{starts[index]}-{highest}" if highest else f"{starts[index]}+"
