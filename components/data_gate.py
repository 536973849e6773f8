"""DataGate: stops the run when the data does not fit the schema.

ExampleValidator only marks what it finds; without a gate the run would train on it.
"""

from collections.abc import Iterator

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2
from tfx import v1 as tfx
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.errors import DataAnomalyError

_MISSING = {
    anomalies_pb2.AnomalyInfo.FEATURE_TYPE_LOW_FRACTION_PRESENT,
    anomalies_pb2.AnomalyInfo.FEATURE_TYPE_LOW_NUMBER_PRESENT,
    anomalies_pb2.AnomalyInfo.SCHEMA_MISSING_COLUMN,
}


@tfx.dsl.components.component
def DataGate(  # noqa: N802 - a TFX component is named like a class
    statistics: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.ExampleStatistics],
    schema: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Schema],
    anomalies: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.ExampleAnomalies],
    # Only there so that the cache of TFX notices an edit of this file.
    source_hash: tfx.dsl.components.Parameter[str],
):
    """Raises `DataAnomalyError` when any split has an anomaly; names feature, split, count and reason."""
    expected = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema.uri))
    found = []
    for split in artifact_utils.decode_split_names(anomalies.split_names):
        with fileio.open(f"{anomalies.uri}/Split-{split}/SchemaDiff.pb", "rb") as file:
            report = anomalies_pb2.Anomalies.FromString(file.read())
        counts = tfdv.load_stats_binary(f"{statistics.uri}/Split-{split}/FeatureStats.pb").datasets[0]
        found.extend(describe(split, report, counts, expected))
    if found:
        raise DataAnomalyError(
            "The data does not fit the schema; nothing was trained or pushed.\n"
            + "\n".join(f"  - {line}" for line in found)
            + "\nCorrect the records (or import them anew from their images) and run again."
        )


def describe(
    split: str,
    report: anomalies_pb2.Anomalies,
    statistics: statistics_pb2.DatasetFeatureStatistics,
    schema: schema_pb2.Schema,
) -> Iterator[str]:
    """One sentence for each anomaly of a split, with the number of images concerned where it can be counted.

    Args:
        split: its name.
        report: what ExampleValidator found in it.
        statistics: of the same split.
        schema: what was expected.

    Yields:
        For example `label, split train: unexpected values 2 in 3 of 80 images (…)`.
    """
    total = int(statistics.num_examples)
    if report.HasField("dataset_anomaly_info"):
        yield f"split {split}: {report.dataset_anomaly_info.description}"
    for feature, anomaly in sorted(report.anomaly_info.items()):
        name = ".".join(anomaly.path.step) or feature
        stats = next((item for item in statistics.features if list(item.path.step) == [name]), None)
        domain = next(
            (one.int_domain for one in schema.feature if one.name == name and one.HasField("int_domain")),
            None,
        )
        reason = _missing(anomaly, stats, total) or _unexpected_values(stats, domain, total)
        yield f"{name}, split {split}: {reason + ' - ' if reason else ''}{anomaly.description}"


def _missing(
    anomaly: anomalies_pb2.AnomalyInfo, stats: statistics_pb2.FeatureNameStatistics | None, total: int
) -> str:
    if not any(reason.type in _MISSING for reason in anomaly.reason):
        return ""
    present = 0 if stats is None else _common(stats).num_non_missing
    return f"missing in {total - present} of {total} images"


def _unexpected_values(
    stats: statistics_pb2.FeatureNameStatistics | None, domain: schema_pb2.IntDomain | None, total: int
) -> str:
    """Counts values outside an integer domain; TFDV keeps exact counts of a categorical integer."""
    if stats is None or domain is None or not stats.HasField("string_stats"):
        return ""
    outside = {
        bucket.label: int(bucket.sample_count)
        for bucket in stats.string_stats.rank_histogram.buckets
        if not domain.min <= int(bucket.label) <= domain.max
    }
    if not outside:
        return ""
    values = ", ".join(sorted(outside))
    return f"unexpected values {values} in {sum(outside.values())} of {total} images"


def _common(stats: statistics_pb2.FeatureNameStatistics) -> statistics_pb2.CommonStatistics:
    return getattr(stats, stats.WhichOneof("stats")).common_stats
