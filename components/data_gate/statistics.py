"""What TFDV counted: loaded, and looked up by the names of data sets and features.

The statistics of a split may hold several data sets: all its images, a slice for each span, and one for each maker of
synthetic images.
"""

import re
from collections.abc import Iterator

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.errors import DataAnomalyError
from data.example import MAKER_KEY, SPAN_KEY

ALL_IMAGES = "All Examples"
"""TFDV's name, among slices, for the data set that is none; where there are no slices, it gives no name."""

_SPAN_SLICE = re.compile(rf"{SPAN_KEY}_(\d+)")
_MAKER_SLICE = f"{MAKER_KEY}_"


def load_statistics(folder: str, split: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Reads a split out of the folder of an ExampleStatistics artifact."""
    return tfdv.load_stats_binary(f"{folder}/Split-{split}/FeatureStats.pb")


def overall(datasets: statistics_pb2.DatasetFeatureStatisticsList) -> statistics_pb2.DatasetFeatureStatistics:
    """The data set of all images.

    Raises:
        DataAnomalyError: there is none.
    """
    for dataset in datasets.datasets:
        if dataset.name in ("", ALL_IMAGES):
            return dataset
    names = ", ".join(f"'{dataset.name}'" for dataset in datasets.datasets) or "none"
    raise DataAnomalyError(
        f"Statistics: expected a data set named '{ALL_IMAGES}', received {names}. Give StatisticsGen a "
        "slicing_config with an empty slicing spec, or none."
    )


def spans(
    datasets: statistics_pb2.DatasetFeatureStatisticsList,
) -> dict[int, statistics_pb2.DatasetFeatureStatistics]:
    """The slices by span; empty where the statistics are not sliced."""
    slices = ((_SPAN_SLICE.fullmatch(dataset.name), dataset) for dataset in datasets.datasets)
    return {int(match[1]): dataset for match, dataset in slices if match}


def makers(
    datasets: statistics_pb2.DatasetFeatureStatisticsList,
) -> list[statistics_pb2.DatasetFeatureStatistics]:
    """The slices by maker, in one of which each synthetic image is; empty where statistics are not sliced so."""
    return [dataset for dataset in datasets.datasets if dataset.name.startswith(_MAKER_SLICE)]


def feature_statistics(
    dataset: statistics_pb2.DatasetFeatureStatistics, name: str
) -> statistics_pb2.FeatureNameStatistics | None:
    """Of one feature; None when it is in no image."""
    return next((feature for feature in dataset.features if list(feature.path.step) == [name]), None)


def feature_of(schema: schema_pb2.Schema, name: str) -> schema_pb2.Feature | None:
    """What the schema says of a feature; None when it does not know it."""
    return next((feature for feature in schema.feature if feature.name == name), None)


def number_present(feature: statistics_pb2.FeatureNameStatistics | None) -> int:
    """How many images have the feature."""
    if feature is None:
        return 0
    return int(getattr(feature, feature.WhichOneof("stats")).common_stats.num_non_missing)


def value_counts(feature: statistics_pb2.FeatureNameStatistics | None) -> dict[str, int]:
    """How often each value of a category comes; TFDV counts these exactly. Empty for numbers."""
    if feature is None or not feature.HasField("string_stats"):
        return {}
    return dict(_buckets(feature.string_stats.rank_histogram))


def image_formats(feature: statistics_pb2.FeatureNameStatistics | None) -> dict[str, int]:
    """How many values are images of each format, by their first bytes; `UNKNOWN` are no images.

    Empty where TFDV makes no such counts: below a hundred values, or when more than a fifth of them are no images.
    """
    for custom in [] if feature is None else feature.custom_stats:
        if custom.name == "image_format_histogram":
            return dict(_buckets(custom.rank_histogram))
    return {}


def _buckets(histogram: statistics_pb2.RankHistogram) -> Iterator[tuple[str, int]]:
    return ((bucket.label, int(bucket.sample_count)) for bucket in histogram.buckets)
