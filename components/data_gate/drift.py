"""Data that differs from other data: between splits, between spans, and from what the served model was trained on.

TFDV measures the distances that the schema's comparators ask for. By chance alone, small samples of the same data are
further apart than a threshold that is right for thousands of images; for them, what chance makes is allowed instead.
From about 90 images on either side, the schema's threshold of 0.3 decides alone.
"""

import dataclasses
from collections.abc import Iterable, Iterator

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.data_gate.advice import BESIDE
from components.data_gate.distances import chance, moved_share
from components.data_gate.statistics import ALL_IMAGES, feature_statistics, number_present, value_counts

_Measurement = anomalies_pb2.DriftSkewInfo.Measurement

_LEAST_MOVED = 0.2
"""Numbers of fewer images than a fifth, counted to within a tenth, are outliers, for which the schema has ranges."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two data sets, and how to speak of them.

    Attributes:
        where: what is looked at, for example `split val`.
        statistics: of it.
        against: what it is compared with, for example `split train`.
        others: statistics of that.
        repair: what to do when they differ and should not, as a clause.
    """

    where: str
    statistics: statistics_pb2.DatasetFeatureStatistics
    against: str
    others: statistics_pb2.DatasetFeatureStatistics
    repair: str


def describe_drift(compared: Comparison, schema: schema_pb2.Schema) -> Iterator[str]:
    """A sentence for each feature whose distribution is further off than its `drift_comparator` allows.

    Yields:
        For example `image/format, split val: differs from split train by 0.75 (l infty), expected at most 0.3; …`.
    """
    report = tfdv.validate_statistics(
        _alone(compared.statistics), schema, previous_statistics=_alone(compared.others)
    )
    for info in report.drift_skew_info:
        yield from _sentences(compared, info.path.step[0], info.drift_measurements, "drift_comparator")


def describe_skew(compared: Comparison, schema: schema_pb2.Schema) -> Iterator[str]:
    """The same against the data of the served model, by `skew_comparator`."""
    report = tfdv.validate_statistics(
        _alone(compared.statistics), schema, serving_statistics=_alone(compared.others)
    )
    for info in report.drift_skew_info:
        yield from _sentences(compared, info.path.step[0], info.skew_measurements, "skew_comparator")


def _alone(dataset: statistics_pb2.DatasetFeatureStatistics) -> statistics_pb2.DatasetFeatureStatisticsList:
    """A data set as TFDV wants it: among slices, it would look for the one that is none."""
    datasets = statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset])
    datasets.datasets[0].name = ALL_IMAGES
    return datasets


def _sentences(
    compared: Comparison,
    name: str,
    measurements: Iterable[anomalies_pb2.DriftSkewInfo.Measurement],
    comparator: str,
) -> Iterator[str]:
    here, there = feature_statistics(compared.statistics, name), feature_statistics(compared.others, name)
    # A feature that one side lacks is another fault. One that was no category when the served model was trained
    # cannot be compared, and TFDV would call it wholly different.
    if (
        not number_present(here)
        or not number_present(there)
        or here.WhichOneof("stats") != there.WhichOneof("stats")
    ):
        return
    for measured in measurements:
        allowed = max(measured.threshold, chance(measured.type, number_present(here), number_present(there)))
        if measured.value > allowed and _is_confirmed(here, there):
            few = (
                f" of so few images ({measured.threshold:g} of more)" if allowed > measured.threshold else ""
            )
            kind = _Measurement.Type.Name(measured.type).lower().replace("_", " ")
            yield (
                f"{name}, {compared.where}: differs from {compared.against} by {measured.value:.2f} ({kind}), "
                f"expected at most {allowed:.2g}{few}: {_difference(here, there)}. {compared.repair}, "
                f"or, if that is meant, raise the threshold of {comparator} of '{name}' in {BESIDE}."
            )


def _is_confirmed(
    here: statistics_pb2.FeatureNameStatistics, there: statistics_pb2.FeatureNameStatistics
) -> bool:
    return not here.HasField("num_stats") or moved_share(here.num_stats, there.num_stats) > _LEAST_MOVED


def _difference(
    here: statistics_pb2.FeatureNameStatistics, there: statistics_pb2.FeatureNameStatistics
) -> str:
    """Where a person sees it: the value whose share differs most, or the means."""
    counts, others = value_counts(here), value_counts(there)
    if not counts:
        return f"its mean is {here.num_stats.mean:.4g} against {there.num_stats.mean:.4g}"
    here_all, there_all = sum(counts.values()), sum(others.values())
    value = max(
        sorted({*counts, *others}),
        key=lambda one: abs(counts.get(one, 0) / here_all - others.get(one, 0) / there_all),
    )
    return f"'{value}' is {counts.get(value, 0)} of {here_all} images against {others.get(value, 0)} of {there_all}"
