"""The schema of the records, for statistics and validation with TensorFlow Data Validation.

The curated schema comes with the project. An import writes a copy of it beside its records that knows the sources and
annotated values of that data set; a run reads the copy, so that a person may loosen it by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from data.card import MOST_VALUES, DatasetCard
from data.errors import BadInputError
from data.example import CHANNELS_KEY, COLUMN_PREFIX, MAKER_KEY, SOURCE_KEY
from data.record_folder import SCHEMA_FILE

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

SCHEMA_PATH = Path(__file__).with_name("schema.pbtxt")

_GREY_CHANNELS = 1
_SYNTHETIC = MAKER_KEY.removesuffix("maker")

_HEADER = """\
# What the records beside this file must be like; a run stops where they are not. Made by `deepfake-inspector data
# import` from the curated schema of the project (data/schema.pbtxt tells the reasons), and may be edited by hand: add
# a value to a domain, widen a range, raise the threshold of a drift_comparator or skew_comparator.
"""


def load_schema() -> schema_pb2.Schema:
    """Returns the curated schema.

    Statistics must be computed with it (``StatsOptions(schema=…, enable_semantic_domain_stats=True)``): only
    then is the label counted as a category and are image bytes recognised as images.
    """
    return _parse(SCHEMA_PATH)


def dataset_schema(
    sources: Iterable[str], columns: Mapping[str, Iterable[str]], grey_allowed: bool
) -> schema_pb2.Schema:
    """The curated schema, made to fit one data set.

    Args:
        sources: names of all its sources; another name will be an anomaly.
        columns: values of each annotated column; every image must have one of them. Of a column with more than 100
            values any value goes, and so it does where a value is no UTF-8, which a schema cannot hold.
        grey_allowed: whether images of one or two channels are accepted.
    """
    schema = load_schema()
    source = _feature(schema, SOURCE_KEY)
    _set_values(source, sources)
    # The domain says which sources are meant. A new delivery often brings a new one, and a test split may well be of
    # its own: that is no drift.
    source.ClearField("drift_comparator")
    source.ClearField("skew_comparator")
    for column, values in sorted(columns.items()):
        _add_column(schema, column, values)
    if grey_allowed:
        _feature(schema, CHANNELS_KEY).int_domain.min = _GREY_CHANNELS
    return schema


def extended_schema(
    schema: schema_pb2.Schema, sources: Iterable[str], columns: Mapping[str, Iterable[str]]
) -> schema_pb2.Schema:
    """A schema that also knows what a further span brings; all else, edits by hand included, stays.

    Args:
        schema: of the spans so far.
        sources: names of the sources of the new span.
        columns: values of each annotated column of the new span. A column that is new is not required, as the images
            of the earlier spans do not have it; nor is one that the new span lacks.
    """
    extended = with_synthetic(schema)
    _add_values(_feature(extended, SOURCE_KEY), sources)
    for column, values in sorted(columns.items()):
        feature = _feature(extended, COLUMN_PREFIX + column)
        if feature is None:
            _make_optional(_add_column(extended, column, values))
        else:
            _add_values(feature, values)
            if len(feature.string_domain.value) > MOST_VALUES:
                feature.ClearField("string_domain")
    for feature in extended.feature:
        if feature.name.startswith(COLUMN_PREFIX) and feature.name.removeprefix(COLUMN_PREFIX) not in columns:
            _make_optional(feature)
    return extended


def with_synthetic(schema: schema_pb2.Schema) -> schema_pb2.Schema:
    """A schema that also knows the features of synthetic images, which one made before there were any does not."""
    extended = type(schema)()
    extended.CopyFrom(schema)
    known = {feature.name for feature in schema.feature}
    extended.feature.extend(
        feature
        for feature in load_schema().feature
        if feature.name.startswith(_SYNTHETIC) and feature.name not in known
    )
    return extended


def unknown_to(
    schema: schema_pb2.Schema, sources: Iterable[str], columns: Mapping[str, Iterable[str]]
) -> list[str]:
    """What a further span brings, or lacks, that the schema does not expect, a few words each: a run would stop.

    Args:
        schema: of the spans so far.
        sources: names of the sources of the new span.
        columns: values of each annotated column of the new span.
    """
    found = [f"source {source}" for source in _outside(_feature(schema, SOURCE_KEY), sources)]
    for column, values in sorted(columns.items()):
        feature = _feature(schema, COLUMN_PREFIX + column)
        if feature is None:
            found.append(f"column {column}")
        else:
            found.extend(f"{column} {value}" for value in _outside(feature, values))
    for feature in schema.feature:
        column = feature.name.removeprefix(COLUMN_PREFIX)
        if feature.name != column and feature.presence.min_fraction and column not in columns:
            found.append(f"no column {column}")
    return found


def domains(cards: Iterable[DatasetCard]) -> tuple[list[str], dict[str, list[str]]]:
    """The sources of spans, and the values of their annotated columns, as their cards count them."""
    sources: set[str] = set()
    columns: dict[str, set[str]] = {}
    for card in cards:
        sources |= {source for counts in card.sources.values() for source in counts}
        for column, counts in card.columns.items():
            columns.setdefault(column, set()).update(counts)
    return sorted(sources), {column: sorted(values) for column, values in columns.items()}


def write_schema(folder: Path, schema: schema_pb2.Schema) -> None:
    """Writes a schema beside the records of a folder."""
    from google.protobuf import text_format

    partial = folder / f".{SCHEMA_FILE}.partial"
    partial.write_text(_HEADER + text_format.MessageToString(schema, as_utf8=True), encoding="utf-8")
    partial.replace(folder / SCHEMA_FILE)


def read_schema(folder: Path) -> schema_pb2.Schema:
    """Reads the schema beside the records of a folder.

    Raises:
        BadInputError: there is none, or it has been broken.
    """
    return _parse(folder / SCHEMA_FILE)


def _parse(path: Path) -> schema_pb2.Schema:
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise BadInputError(
            f"{path}: expected a schema of TensorFlow Metadata as text, received {' '.join(str(error).split())}. "
            "Correct that line, or delete the file and import the images anew."
        ) from error


def _feature(schema: schema_pb2.Schema, name: str) -> schema_pb2.Feature | None:
    return next((feature for feature in schema.feature if feature.name == name), None)


def _add_column(schema: schema_pb2.Schema, column: str, values: Iterable[str]) -> schema_pb2.Feature:
    name = COLUMN_PREFIX + column
    feature = schema.feature.add()
    # All that a source must be, a column must be, too: one value of text for every image.
    source = _feature(schema, SOURCE_KEY)
    feature.name, feature.type = name, source.type
    feature.presence.CopyFrom(source.presence)
    feature.shape.CopyFrom(source.shape)
    values = set(values)
    if len(values) <= MOST_VALUES:
        _set_values(feature, values)
    return feature


def _make_optional(feature: schema_pb2.Feature) -> None:
    feature.presence.ClearField("min_fraction")
    # Takes the place of the shape, which Transform allows only of what is never missing.
    feature.ClearField("shape")
    feature.value_count.min = feature.value_count.max = 1


def _outside(feature: schema_pb2.Feature | None, values: Iterable[str]) -> list[str]:
    if feature is None or not feature.HasField("string_domain"):
        return []
    return sorted(set(values) - set(feature.string_domain.value))


def _set_values(feature: schema_pb2.Feature, values: Iterable[str]) -> None:
    values = sorted(set(values))
    if all(_is_utf8(value) for value in values):
        feature.string_domain.name = feature.name
        feature.string_domain.value[:] = values


def _add_values(feature: schema_pb2.Feature | None, values: Iterable[str]) -> None:
    """Leaves a feature alone that takes any value."""
    if feature is None or not feature.HasField("string_domain"):
        return
    known = set(feature.string_domain.value)
    new = sorted(set(values) - known)
    if all(_is_utf8(value) for value in new):
        feature.string_domain.value.extend(new)
    else:
        feature.ClearField("string_domain")


def _is_utf8(text: str) -> bool:
    # Names of folders may hold other bytes; Python keeps those as surrogates.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
