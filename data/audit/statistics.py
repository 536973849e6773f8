"""Statistics of records by split, with TensorFlow Data Validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_data_validation.utils import display_util
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from data.example import IMAGE_KEY, SPLITS
from data.record_folder import split_pattern

_TOP_VALUES = 4


@dataclass(frozen=True)
class FeatureRow:
    """What is shown of a feature: its name, and by split its values in a few words."""

    feature: str
    values: dict[str, str]


def split_statistics(
    records: Path, schema: schema_pb2.Schema, beam_args: Sequence[str]
) -> dict[str, statistics_pb2.DatasetFeatureStatistics]:
    """Computes the statistics of each split, over all spans.

    Args:
        records: a folder of records.
        schema: the curated one, see :mod:`data.schema`.
        beam_args: Beam pipeline arguments.

    Returns:
        The statistics by split, named after it.
    """
    found = {}
    for split in SPLITS:
        statistics = tfdv.generate_statistics_from_tfrecord(
            str(records / split_pattern(records).format(split=split)),
            stats_options=tfdv.StatsOptions(schema=schema, enable_semantic_domain_stats=True),
            pipeline_options=PipelineOptions(list(beam_args)),
        )
        found[split] = statistics.datasets[0]
        found[split].name = split
    return found


def feature_rows(statistics: dict[str, statistics_pb2.DatasetFeatureStatistics]) -> list[FeatureRow]:
    """The statistics as rows of a table, ordered by feature; without those that no image has."""
    found: dict[str, dict[str, str]] = {}
    for split, dataset in statistics.items():
        for feature in dataset.features:
            missing = int(_common(feature).num_missing)
            lacking = f"missing in {missing}; " if missing else ""
            found.setdefault(feature.path.step[0], {})[split] = lacking + _values(feature)
    present = {
        feature.path.step[0]
        for dataset in statistics.values()
        for feature in dataset.features
        if _common(feature).num_non_missing
    }
    return [FeatureRow(name, found[name]) for name in sorted(present)]


def facets_html(statistics: dict[str, statistics_pb2.DatasetFeatureStatistics]) -> str:
    """TFDV's own view, Facets, of train beside test: an element of HTML that loads its code from the network."""
    train, test = (
        statistics_pb2.DatasetFeatureStatisticsList(datasets=[statistics[split]])
        for split in ("train", "test")
    )
    return display_util.get_statistics_html(train, test, "train", "test")


def _common(feature: statistics_pb2.FeatureNameStatistics) -> statistics_pb2.CommonStatistics:
    return getattr(feature, feature.WhichOneof("stats")).common_stats


def _values(feature: statistics_pb2.FeatureNameStatistics) -> str:
    if feature.path.step[0] == IMAGE_KEY:
        return f"{_common(feature).num_non_missing} images"
    if feature.WhichOneof("stats") == "num_stats":
        numbers = feature.num_stats
        if numbers.min == numbers.max:
            return f"{numbers.min:g}"
        return f"{numbers.min:g} to {numbers.max:g}, mean {numbers.mean:.4g}, median {numbers.median:g}"
    text = feature.string_stats
    if text.unique > _TOP_VALUES * 5:
        return f"{text.unique} different values"
    buckets = text.rank_histogram.buckets
    top = ", ".join(f"{bucket.label} ({bucket.sample_count:.0f})" for bucket in buckets[:_TOP_VALUES])
    return top + (f" and {len(buckets) - _TOP_VALUES} more" if len(buckets) > _TOP_VALUES else "")
