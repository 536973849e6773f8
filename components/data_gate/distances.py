"""How much of a distance that TFDV measured is real: not chance, and not made by its histograms."""

import math

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

_Measurement = anomalies_pb2.DriftSkewInfo.Measurement


def chance(kind: int, here: int, there: int) -> float:
    """The distance that two samples of the same data hardly ever exceed.

    Measured over 40 random splits each of 60, 100, 120 and 160 images, no category came beyond 0.91, and no number
    beyond 0.94 of it.

    Args:
        kind: of the measurement, `L_INFTY` or `JENSEN_SHANNON_DIVERGENCE`.
        here: images of one sample, at least 1.
        there: images of the other, at least 1.

    Returns:
        For a category, four standard deviations of the difference of two shares of a half each. For a number, twice
        the mean that the divergence of two samples of the same data has: (bins - 1) / (8 ln 2) (1/here + 1/there)
        (in proportion to the chi-squared statistic), for the 20 or so bins that TFDV makes of two histograms.
    """
    spread = 1 / here + 1 / there
    return 2 * math.sqrt(spread) if kind == _Measurement.L_INFTY else 7 * spread


def moved_share(here: statistics_pb2.NumericStatistics, there: statistics_pb2.NumericStatistics) -> float:
    """The share of the images, 0 to 1, that lie on another side of some value: Kolmogorov's and Smirnov's distance.

    It confirms a Jensen-Shannon divergence, which TFDV gives as 1 where the numbers of one side are all the same and
    a single one of the other side is not. Taken from deciles, it may be 0.1 too large.
    """
    values = {
        edge
        for one in (here, there)
        for bucket in _deciles(one)
        for edge in (bucket.low_value, bucket.high_value)
    }
    return max((abs(_share_up_to(value, here) - _share_up_to(value, there)) for value in values), default=0.0)


def _deciles(numbers: statistics_pb2.NumericStatistics) -> list[statistics_pb2.Histogram.Bucket]:
    return [
        bucket
        for histogram in numbers.histograms
        if histogram.type == statistics_pb2.Histogram.QUANTILES
        for bucket in histogram.buckets
    ]


def _share_up_to(value: float, numbers: statistics_pb2.NumericStatistics) -> float:
    buckets = _deciles(numbers)
    below = 0.0
    for bucket in buckets:
        if bucket.high_value <= value:
            below += bucket.sample_count
        elif bucket.low_value < value:
            width = bucket.high_value - bucket.low_value
            below += bucket.sample_count * (value - bucket.low_value) / width
    return below / sum(bucket.sample_count for bucket in buckets)
