"""What ExampleValidator found, in sentences that count."""

from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.data_gate.advice import BESIDE, MISSING, NO_IMAGES, advice
from components.data_gate.statistics import (
    feature_of,
    feature_statistics,
    image_formats,
    number_present,
    value_counts,
)
from data.example import CHANNELS_KEY

_Info = anomalies_pb2.AnomalyInfo
_MISSING = {
    _Info.FEATURE_TYPE_LOW_FRACTION_PRESENT,
    _Info.FEATURE_TYPE_LOW_NUMBER_PRESENT,
    _Info.FEATURE_TYPE_NOT_PRESENT,
    _Info.SCHEMA_MISSING_COLUMN,
}
_OUTSIDE = {
    _Info.ENUM_TYPE_UNEXPECTED_STRING_VALUES,
    _Info.INT_TYPE_SMALL_INT,
    _Info.INT_TYPE_BIG_INT,
    _Info.FLOAT_TYPE_SMALL_FLOAT,
    _Info.FLOAT_TYPE_BIG_FLOAT,
}
_FEWEST_CHANNELS_OF_COLOUR = 3
_MOST_NAMED = 5


def describe(
    split: str,
    report: anomalies_pb2.Anomalies,
    statistics: statistics_pb2.DatasetFeatureStatistics,
    schema: schema_pb2.Schema,
) -> Iterator[str]:
    """A sentence for each fault of a split, with the number of images concerned where it can be counted.

    Args:
        split: its name.
        report: what ExampleValidator found in it.
        statistics: of all images of the same split.
        schema: what was expected.

    Yields:
        For example `label, split train: unexpected values 2 in 3 of 80 images. Only 0 (real) and …`.
    """
    if report.HasField("dataset_anomaly_info"):
        yield f"split {split}: {report.dataset_anomaly_info.description}"
    for key, anomaly in sorted(report.anomaly_info.items()):
        name = ".".join(anomaly.path.step) or key
        found = feature_statistics(statistics, name)
        kinds = {reason.type for reason in anomaly.reason}
        sentences = [
            _sentence(name, reason, found, feature_of(schema, name), int(statistics.num_examples))
            for reason in anomaly.reason
            # Where a value is missing TFDV says, too, that the shape is not the same for all.
            if not (reason.type == _Info.INVALID_FEATURE_SHAPE and kinds & _MISSING)
        ]
        # Too small and too large values are counted in one sentence.
        for sentence in dict.fromkeys(sentences):
            yield f"{name}, split {split}: {sentence}"


def _sentence(
    name: str,
    reason: anomalies_pb2.AnomalyInfo.Reason,
    found: statistics_pb2.FeatureNameStatistics | None,
    feature: schema_pb2.Feature | None,
    total: int,
) -> str:
    if reason.type in _MISSING:
        return f"missing in {total - number_present(found)} of {total} images. {MISSING}"
    if reason.type == _Info.LOW_SUPPORTED_IMAGE_FRACTION:
        return f"{image_formats(found).get('UNKNOWN', 0)} of {total} images are none. {NO_IMAGES}"
    if reason.type == _Info.SCHEMA_NEW_COLUMN:
        return (
            f"in {number_present(found)} of {total} images, but not in the schema. Import the images anew, or "
            f"add the feature to {BESIDE}."
        )
    if reason.type in _OUTSIDE and found is not None and feature is not None:
        words = _unexpected_values(name, found, feature, total) or _out_of_range(found, feature)
        if words:
            return f"{words}. {advice(name, feature.WhichOneof('domain_info'))}"
    return f"{reason.description.rstrip('.')}. Correct the records, or loosen '{name}' in {BESIDE}."


def _unexpected_values(
    name: str,
    found: statistics_pb2.FeatureNameStatistics,
    feature: schema_pb2.Feature,
    total: int,
) -> str:
    """Counts values outside the domain of a category; empty for numbers."""
    counts = {
        value: count for value, count in value_counts(found).items() if not _is_expected(value, feature)
    }
    if not counts:
        return ""
    concerned = f"in {sum(counts.values())} of {total} images"
    if name == CHANNELS_KEY and all(int(value) < _FEWEST_CHANNELS_OF_COLOUR for value in counts):
        return f"grey (channels {', '.join(sorted(counts))}) where colour is expected {concerned}"
    often_first = sorted(sorted(counts), key=counts.__getitem__, reverse=True)
    named = sorted(often_first[:_MOST_NAMED])
    values = ", ".join(named if len(counts) == 1 else [_counted(value, counts, feature) for value in named])
    more = f" and {len(counts) - len(named)} more" if len(counts) > len(named) else ""
    return f"unexpected values {values}{more} {concerned}"


def _counted(value: str, counts: dict[str, int], feature: schema_pb2.Feature) -> str:
    return value if feature.HasField("int_domain") else f"{value} ({counts[value]})"


def _is_expected(value: str, feature: schema_pb2.Feature) -> bool:
    if feature.HasField("int_domain"):
        domain = feature.int_domain
        smallest = domain.min if domain.HasField("min") else int(value)
        largest = domain.max if domain.HasField("max") else int(value)
        return smallest <= int(value) <= largest
    return not feature.HasField("string_domain") or value in feature.string_domain.value


def _out_of_range(found: statistics_pb2.FeatureNameStatistics, feature: schema_pb2.Feature) -> str:
    """The most extreme number. TFDV keeps histograms of numbers that are no exact counts, so none is given."""
    domain = getattr(feature, feature.WhichOneof("domain_info") or "", None)
    if domain is None or not found.HasField("num_stats"):
        return ""
    words = []
    if domain.HasField("min") and found.num_stats.min < domain.min:
        words.append(f"the smallest is {found.num_stats.min:g}, expected at least {domain.min:g}")
    if domain.HasField("max") and found.num_stats.max > domain.max:
        words.append(f"the largest is {found.num_stats.max:g}, expected at most {domain.max:g}")
    return "; ".join(words)
