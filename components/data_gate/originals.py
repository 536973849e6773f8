"""The statistics of originals, where the records hold images that were made of others, too.

Synthetic images are in train, hardly ever in test, and are trained on only where a stage asks for them; and all the
fakes or all the controls may come as one span. So classes are counted, and splits, spans and served data compared,
among originals, as far as statistics can be told apart: categories by subtracting the slices of the makers, which is
exact. Numbers keep those of all images; as children are saved like their parents, they hardly differ.
"""

from collections import Counter
from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_gate.statistics import (
    feature_statistics,
    makers,
    number_present,
    overall,
    spans,
    value_counts,
)
from data.example import MAKER_KEY


def originals(
    datasets: statistics_pb2.DatasetFeatureStatisticsList,
) -> statistics_pb2.DatasetFeatureStatistics:
    """The data set of all images, its categories counted without synthetic ones where there are slices by maker."""
    whole = overall(datasets)
    made = makers(datasets)
    if not made:
        return whole
    found = type(whole)()
    found.CopyFrom(whole)
    found.num_examples -= sum(one.num_examples for one in made)
    for feature in found.features:
        if feature.HasField("string_stats") and _is_complete(feature.string_stats):
            name = feature.path.step[0]
            _subtract(feature.string_stats, [feature_statistics(one, name) for one in made])
    return found


def spans_of_originals(
    datasets: statistics_pb2.DatasetFeatureStatisticsList,
) -> dict[int, statistics_pb2.DatasetFeatureStatistics]:
    """The slices by span, without the spans of synthetic images alone. A span of both kinds is as it is."""
    return {number: one for number, one in spans(datasets).items() if not _is_synthetic(one)}


def describe_only_synthetic(
    split: str, datasets: statistics_pb2.DatasetFeatureStatisticsList
) -> Iterator[str]:
    """A sentence when a split holds synthetic images and no others."""
    whole = overall(datasets)
    if _is_synthetic(whole):
        yield (
            f"split {split}: all {int(whole.num_examples)} images were made of others, and without originals there "
            "is nothing to learn from. Import them as a further span of the records of their originals."
        )


def _is_synthetic(dataset: statistics_pb2.DatasetFeatureStatistics) -> bool:
    made = number_present(feature_statistics(dataset, MAKER_KEY))
    return made > 0 and made == int(dataset.num_examples)


def _is_complete(strings: statistics_pb2.StringStatistics) -> bool:
    """Whether each value is counted: of many, TFDV keeps the most frequent."""
    return len(strings.rank_histogram.buckets) == strings.unique


def _subtract(
    strings: statistics_pb2.StringStatistics, made: list[statistics_pb2.FeatureNameStatistics | None]
) -> None:
    fewer = Counter[str]()
    for one in made:
        fewer.update(value_counts(one))
        strings.common_stats.num_non_missing -= number_present(one)
        strings.common_stats.tot_num_values -= number_present(one)
    for bucket in strings.rank_histogram.buckets:
        bucket.sample_count -= fewer[bucket.label]
    for top in strings.top_values:
        top.frequency -= fewer[top.value]
